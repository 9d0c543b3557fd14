// SPDX-License-Identifier: Apache-2.0
#include "reports/escape.h"
#include "reports/grids.h"
#include "reports/html_sections.h"
#include "reports/planes.h"
#include "reports/plot.h"
#include "reports/sweep_charts.h"

namespace assay {
namespace {

std::string sweep_figure(const SweepChart& chart) {
  std::string legend;
  for (const auto& series : chart.series) {
    if (chart.series.size() > 1) legend += legend_item(series.colour, html_name(series.label));
  }
  return figure_html({.id = chart.id,
                      .heading = html_text(chart.heading),
                      .subheading = html_text(chart.subheading),
                      .drawing = sweep_svg(chart),
                      .legend = figure_legend(legend),
                      .numbers = sweep_table(chart)});
}

std::string heat_figure(const HeatMap& map) {
  return figure_html({.id = map.id,
                      .heading = html_text(map.heading),
                      .subheading = html_text(map.subheading),
                      .drawing = heat_svg(map),
                      .numbers = heat_table(map)});
}

// A heading for each pair of keys.
std::string heat_figures(const Report& report) {
  std::string body, keys;
  for (const auto& map : heat_maps_of(report)) {
    const std::string own = html_name(map.x_key) + " × " + html_name(map.y_key);
    if (own != keys)
      body += (keys.empty() ? "<h3>" : "</div><h3>") + own + "</h3><div class=\"charts\">";
    keys = own;
    body += heat_figure(map);
  }
  return body.empty() ? "" : body + "</div>";
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

std::string noise_section(const Report& report) {
  std::string figures;
  for (const auto& chart : noise_charts_of(report)) figures += sweep_figure(chart);
  if (figures.empty()) return "";
  return html_section("noise", "Noise",
                      "<p class=\"hint\">What is left of an example along the process, and what "
                      "each timestep adds to the variational bound at the last evaluation.</p>"
                      "<div class=\"charts\">" +
                          figures + "</div>");
}

std::string sweeps_section(const Report& report) {
  std::string body, key;
  const auto planes = sweep_planes_of(report);
  const auto planes_along = [&](const std::string& of) {
    std::string figures;
    for (const auto& plane : planes) {
      if (plane.key == of) figures += plane_figure(plane);
    }
    return figures;
  };
  for (const auto& chart : sweep_charts_of(report)) {
    if (chart.key != key) {
      body += planes_along(key);
      body += (key.empty() ? "<h3>" : "</div><h3>") + html_name(chart.key) +
              "</h3><div class=\"charts\">";
      key = chart.key;
    }
    body += sweep_figure(chart);
  }
  body += planes_along(key);
  if (!body.empty()) body += "</div>";
  body += heat_figures(report);
  if (body.empty()) return "";
  return html_section("sweeps", "Sweeps",
                      "<p class=\"hint\">Experiments that differ in one key alone, or in two; the "
                      "last evaluation, mean over seeds, the band is ± sd.</p>" +
                          body);
}

}  // namespace assay
