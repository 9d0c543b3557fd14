// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/sweep_charts.h"

namespace assay {
namespace {

std::string sweep_figure(const SweepChart& chart) {
  std::string legend;
  if (chart.series.size() > 1) {
    for (const auto& series : chart.series) {
      legend += fmt::format("<li><span class=\"key s{}\">{}</span></li>", series.colour,
                            html_name(series.label));
    }
    legend = "<ul class=\"legend\">" + legend + "</ul>";
  }
  return fmt::format(
      "<figure class=\"chart\" id=\"{}\"><figcaption><b>{}</b><span>{}</span></figcaption>{}{}"
      "<details><summary>numbers</summary><div class=\"scroll\" tabindex=\"0\">{}</div></details>"
      "</figure>",
      chart.id, html_text(chart.heading), html_text(chart.subheading), sweep_svg(chart), legend,
      sweep_table(chart));
}

}  // namespace

std::string latents_section(const Report& report) {
  std::string figures;
  for (const auto& chart : latent_charts_of(report)) figures += sweep_figure(chart);
  if (figures.empty()) return "";
  return html_section("latents", "Latent dimensions",
                      "<p class=\"hint\">What each dimension of a code carries at the last "
                      "evaluation, from the most to the least: a dimension with no KL, or whose "
                      "means do not vary, has collapsed.</p><div class=\"charts\">" +
                          figures + "</div>");
}

std::string sweeps_section(const Report& report) {
  std::string body, key;
  for (const auto& chart : sweep_charts_of(report)) {
    if (chart.key != key) {
      body += (key.empty() ? "<h3>" : "</div><h3>") + html_name(chart.key) +
              "</h3><div class=\"charts\">";
      key = chart.key;
    }
    body += sweep_figure(chart);
  }
  if (body.empty()) return "";
  return html_section("sweeps", "Sweeps",
                      "<p class=\"hint\">Experiments that differ in one key alone; the last "
                      "evaluation, mean ± sd over seeds.</p>" +
                          body + "</div>");
}

}  // namespace assay
