// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/metric_kind.h"
#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/plot.h"

namespace assay {
namespace {

std::string stage_text(const SamplePicture& picture) {
  const std::string stage =
      picture.images_seen == 0
          ? "before training"
          : "after " + images_text(static_cast<double>(picture.images_seen)) + " images";
  return fmt::format("seed {}, {}", picture.seed, stage);
}

// What a picture of that kind shows.
std::string kind_text(const std::string& kind) {
  if (kind == "nearest") return "samples above their nearest training images";
  if (kind == "noising") return "images on their way to noise";
  if (kind == "denoising") return "samples on their way from noise";
  if (kind == "token_swaps") return "samples, one token swapped in each further column";
  if (kind == "style_mixing") {
    return "style mixing: layers of the top row in images of the first column, from coarse to fine";
  }
  return kind;
}

std::string picture_figure(const ExperimentSummary& experiment, const SamplePicture& picture) {
  const std::string what =
      kind_text(picture.kind) + " of " + experiment.label + ", " + stage_text(picture);
  return fmt::format(
      "<figure class=\"picture\"><img alt=\"{}\" "
      "src=\"data:image/png;base64,{}\"><figcaption><b>{}</b>"
      "<span>{}{}</span></figcaption></figure>",
      html_attribute(what), base64(picture.png), html_name(experiment.label),
      picture.kind == "samples" ? "" : html_text(kind_text(picture.kind)) + ", ",
      html_text(stage_text(picture)));
}

// What is shown first: the last samples of the lowest seed.
const SamplePicture* headline_picture(const ExperimentSummary& experiment) {
  const SamplePicture* best = nullptr;
  for (const auto& picture : experiment.pictures) {
    if (picture.kind != "samples") continue;
    const bool same_seed = best != nullptr && picture.seed == best->seed;
    if (best == nullptr || (same_seed && picture.images_seen > best->images_seen)) best = &picture;
  }
  return best;
}

std::string other_pictures(const ExperimentSummary& experiment) {
  const SamplePicture* headline = headline_picture(experiment);
  std::string figures;
  for (const auto& picture : experiment.pictures) {
    if (&picture != headline) figures += picture_figure(experiment, picture);
  }
  return figures;
}

// "before training, other seeds, reconstructions, traversals": what there is besides the headline.
std::string kinds_text(const ExperimentSummary& experiment) {
  const SamplePicture* headline = headline_picture(experiment);
  std::vector<std::string> kinds;
  const auto add = [&](const std::string& kind) {
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  };
  for (const auto& picture : experiment.pictures) {
    if (&picture == headline || picture.kind != "samples") continue;
    add(picture.images_seen == 0 ? "before training" : "other seeds");
  }
  for (const auto& picture : experiment.pictures) {
    if (picture.kind != "samples") add(kind_text(picture.kind));
  }
  return fmt::format("{}", fmt::join(kinds, ", "));
}

std::string chart_figure(const Chart& chart) {
  std::string legend;
  for (std::size_t i = 0; chart.series.size() > 1 && i < chart.series.size(); ++i) {
    legend += fmt::format(
        "<li><button type=\"button\" class=\"key s{}\" data-series=\"{}\" "
        "aria-pressed=\"true\">{}</button></li>",
        chart.series[i].colour, i, html_text(chart.series[i].label));
  }
  const std::string scale =
      all_positive(chart)
          ? fmt::format("<button type=\"button\" class=\"scale\" aria-pressed=\"{}\">log</button>",
                        chart.log_y)
          : "";
  return figure_html({.id = chart.id,
                      .heading = html_text(chart.heading),
                      .subheading = html_name(chart.subheading),
                      .drawing = chart_svg(chart),
                      .legend = figure_legend(legend),
                      .numbers = chart_table(chart),
                      .button = scale,
                      .readout = "<p class=\"readout\" aria-live=\"off\"></p>"});
}

// "vae/fashion_mnist, weights: ema, lower is better"; a legend names several experiments.
std::string score_text(const MetricColumn& column, const Chart& chart) {
  std::string text = chart.series.size() == 1 ? chart.series.front().label : "";
  const auto add = [&](std::string_view part) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", part);
  };
  for (const auto& difference : column.difference) add(difference);
  if (column.better == Better::kLower) add("lower is better");
  if (column.better == Better::kHigher) add("higher is better");
  return text;
}

void add_chart(std::vector<Chart>& list, Chart chart, int& number) {
  chart.id = fmt::format("chart{}", number++);
  list.push_back(std::move(chart));
}

}  // namespace

std::string samples_section(const Report& report) {
  std::string front;
  std::string more;
  for (const auto& experiment : report.experiments) {
    const SamplePicture* headline = headline_picture(experiment);
    if (headline != nullptr) front += picture_figure(experiment, *headline);
    if (experiment.pictures.size() < (headline != nullptr ? 2 : 1)) continue;
    more += fmt::format(
        "<details><summary>More of {}: {}</summary><div class=\"pictures\">{}</div></details>",
        html_name(experiment.label), html_text(kinds_text(experiment)), other_pictures(experiment));
  }
  if (front.empty() && more.empty()) return "";
  return html_section("samples", "Samples",
                      "<p class=\"hint\">Drawn from the same fixed latents at every evaluation; "
                      "the lowest seed, not a chosen "
                      "one.</p><div class=\"pictures\">" +
                          front + "</div>" + more);
}

ReportCharts charts_of(const Report& report) {
  ReportCharts charts;
  int number = 0;
  for (const auto& table : comparison_tables(report)) {
    for (const std::size_t c : table.columns) {
      Chart chart;
      chart.heading = report.columns[c].label;
      for (const std::size_t e : table.experiments) {
        const auto* metric = metric_in(report.experiments[e], c);
        if (metric == nullptr || metric->curve.points.size() < 2) continue;
        chart.series.push_back({report.experiments[e].label, e % kPaletteSize, &metric->curve});
      }
      if (chart.series.empty()) continue;
      chart.subheading = score_text(report.columns[c], chart);
      // What is better when higher mostly lies in [0, 1]: a log axis would stretch its bad end.
      chart.log_y = report.columns[c].better != Better::kHigher && wants_log(chart);
      add_chart(charts.scores, std::move(chart), number);
    }
  }
  for (Chart& chart : loss_charts_of(report)) add_chart(charts.losses, std::move(chart), number);
  return charts;
}

std::string curves_section(const ReportCharts& charts) {
  const auto group = [](const std::string& heading, const std::vector<Chart>& list) {
    std::string figures;
    for (const auto& chart : list) figures += chart_figure(chart);
    if (figures.empty()) return figures;
    return "<h3>" + heading + "</h3><div class=\"charts\">" + figures + "</div>";
  };
  const std::string body = group("Scores during training", charts.scores) +
                           group("Losses, and what else training logged", charts.losses);
  if (body.empty()) return "";
  return html_section("curves", "Curves",
                      "<p class=\"hint\">Lines are means over seeds, bands run from the lowest to "
                      "the highest seed.</p>" +
                          body);
}

}  // namespace assay
