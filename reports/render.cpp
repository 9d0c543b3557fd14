// SPDX-License-Identifier: Apache-2.0
#include "reports/render.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/near_miss.h"
#include "reports/csv.h"
#include "reports/html.h"
#include "reports/json.h"
#include "reports/latex.h"
#include "reports/markdown.h"

namespace assay {
namespace {

struct Renderer {
  std::string_view name;
  Format format;
  std::string (*render)(const Report&);
};

constexpr std::array<Renderer, 5> kRenderers = {{{"html", Format::kHtml, report_html},
                                                 {"md", Format::kMarkdown, report_markdown},
                                                 {"csv", Format::kCsv, report_csv},
                                                 {"json", Format::kJson, report_json},
                                                 {"latex", Format::kLatex, report_latex}}};

}  // namespace

Format format_from_name(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& renderer : kRenderers) {
    if (renderer.name == name) return renderer.format;
    known.emplace_back(renderer.name);
  }
  throw Error(
      fmt::format("--format {}: unknown format{}", name, suggestion(name, known, "formats")));
}

std::string render(const Report& report, Format format) {
  for (const auto& renderer : kRenderers) {
    if (renderer.format == format) return renderer.render(report);
  }
  throw std::logic_error("a format without a renderer");
}

void write_report_file(const Report& report, Format format, const std::filesystem::path& file) {
  write_file_atomically(file, render(report, format));
}

}  // namespace assay
