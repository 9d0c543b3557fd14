// SPDX-License-Identifier: Apache-2.0
#include "reports/html.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "reports/escape.h"
#include "reports/html_sections.h"

namespace assay {

extern const std::string_view kReportCss;
extern const std::string_view kReportJs;

namespace {

// What the Content-Security-Policy allows: exactly this text.
std::string csp_hash(std::string_view text) {
  const Sha256Bytes bytes = Sha256().update(text).bytes();
  return "'sha256-" +
         base64(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())) + "'";
}

std::string head(const Report& report) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; "
      "script-src {}; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>{}</title>\n<style>{}</style>\n</head>\n",
      csp_hash(kReportCss), csp_hash(kReportJs), html_text(report.title), kReportCss);
}

std::string warnings(const Report& report) {
  if (report.warnings.empty()) return "";
  std::string items;
  for (const auto& warning : report.warnings) items += "<li>" + html_text(warning) + "</li>";
  return "<aside class=\"warnings\" aria-label=\"Before you quote a number\"><h2>Before you quote "
         "a number</h2><ul>" +
         items + "</ul></aside>\n";
}

std::string page_header(const Report& report) {
  return fmt::format(
      "<header><p class=\"eyebrow\">assay report · {}</p><h1>{}</h1><p "
      "class=\"lead\">{}</p></header>\n",
      html_text(report.generated_at.substr(0, 10)), html_text(report.title),
      html_text(report.summary));
}

// Links to the sections that are there.
std::string contents(std::string_view sections) {
  constexpr std::pair<std::string_view, std::string_view> kLinks[] = {
      {"comparison", "Comparison"}, {"claims", "Claims"},         {"published", "Literature"},
      {"samples", "Samples"},       {"tradeoffs", "Cost"},        {"ablations", "Ablations"},
      {"sweeps", "Sweeps"},         {"latents", "Latents"},       {"noise", "Noise"},
      {"curves", "Curves"},         {"choice", "Last or best"},   {"speed", "Speed"},
      {"failures", "Failures"},     {"unfinished", "Incomplete"}, {"differences", "Definitions"},
      {"provenance", "Repeat it"}};
  std::string links;
  for (const auto& [id, name] : kLinks) {
    if (sections.find(fmt::format("<section id=\"{}\">", id)) == std::string_view::npos) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>", id, name);
  }
  return "<nav aria-label=\"Contents\">" + links + "</nav>\n";
}

std::string chart_data(const ReportCharts& charts) {
  std::string list;
  for (const auto* group : {&charts.scores, &charts.losses}) {
    for (const auto& chart : *group) list += (list.empty() ? "" : ",\n") + chart_json(chart);
  }
  return "<script type=\"application/json\" id=\"chart-data\">[" + script_json(list) +
         "]</script>\n";
}

}  // namespace

std::string report_html(const Report& report) {
  const ReportCharts charts = charts_of(report);
  const std::string sections =
      comparison_section(report) + claims_section(report) + published_section(report) +
      samples_section(report) + tradeoffs_section(report) + ablations_section(report) +
      sweeps_section(report) + latents_section(report) + noise_section(report) +
      curves_section(charts) + choice_section(report) + speed_section(report) +
      failures_section(report) + unfinished_section(report) + differences_section(report) +
      provenance_section(report);
  std::vector<std::string> databases;
  for (const auto& name : report.databases) databases.push_back(html_text(name));
  return head(report) + "<body>\n<main>\n" + page_header(report) + contents(sections) +
         warnings(report) + sections +
         fmt::format("<footer>Made {} by assay from {}.</footer>\n</main>\n",
                     html_text(report.generated_at), fmt::join(databases, ", ")) +
         "<dialog id=\"zoom\"><img alt=\"\"></dialog>\n" + chart_data(charts) +
         fmt::format("<script>{}</script>\n", kReportJs) + "</body>\n</html>\n";
}

}  // namespace assay
