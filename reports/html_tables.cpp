// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/ranking.h"

namespace assay {
namespace {

std::string column_heading(const MetricColumn& column) {
  const auto at = column.label.find('@');
  std::string text = html_text(column.label.substr(0, at));
  if (column.better == Direction::kLower)
    text += " <span class=\"arrow\" title=\"lower is better\">↓</span>";
  if (column.better == Direction::kHigher)
    text += " <span class=\"arrow\" title=\"higher is better\">↑</span>";
  if (at != std::string::npos) text += "<small>" + html_text(column.label.substr(at)) + "</small>";
  for (const auto& difference : column.difference)
    text += "<small>" + html_text(difference) + "</small>";
  return "<th class=\"num\" scope=\"col\">" + text + "</th>";
}

std::string untrained_note(const MetricSummary& metric, Direction better) {
  const std::string gain = improvement_text(metric, better);
  if (gain.empty()) return "";
  return fmt::format("<small>from {} <b>{}</b></small>", html_text(mean_text(metric.untrained)),
                     html_text(gain));
}

std::string metric_cell(const MetricSummary* metric, const MetricColumn& column, bool best) {
  if (metric == nullptr) return "<td class=\"num none\">·</td>";
  const std::string spread = spread_text(metric->last);
  const std::string value = metric->last.mean ? exact_number_text(*metric->last.mean) : "";
  return fmt::format(
      "<td class=\"num{}\" data-value=\"{}\"><span class=\"mean\">{}</span>{}{}</td>",
      best ? " best" : "", value, html_text(mean_text(metric->last)),
      spread.empty() ? "" : " <span class=\"sd\">" + html_text(spread) + "</span>",
      untrained_note(*metric, column.better));
}

// The experiment with the best mean, if there are others and none shares it.
const ExperimentSummary* best_in(const Report& report, std::size_t column) {
  const std::vector<Ranked> ranking = ranking_in(report, column);
  return ranking.size() > 1 && level_at_the_top(ranking) == 1 ? ranking.front().experiment
                                                              : nullptr;
}

std::string runs_cell(const ExperimentSummary& experiment) {
  std::map<std::string, int> others;
  for (const auto& run : experiment.runs) {
    if (run.status != "complete") ++others[run.status];
  }
  std::string text = std::to_string(experiment.counted.size());
  for (const auto& [status, count] : others) {
    text += fmt::format("<small class=\"bad\">+ {} {}</small>", count, html_text(status));
  }
  return fmt::format("<td class=\"num\" data-value=\"{}\">{}</td>", experiment.counted.size(),
                     text);
}

std::string comparison_rows(const Report& report, const ComparisonTable& table) {
  std::string rows;
  for (const std::size_t e : table.experiments) {
    const auto& experiment = report.experiments[e];
    rows +=
        fmt::format("<tr><th scope=\"row\">{}<small>{}</small></th>{}", html_name(experiment.label),
                    html_text(experiment.family), runs_cell(experiment));
    for (const std::size_t c : table.columns) {
      rows += metric_cell(metric_in(experiment, c), report.columns[c],
                          best_in(report, c) == &experiment);
    }
    rows += "</tr>";
  }
  return rows;
}

std::string comparison_table(const Report& report, const ComparisonTable& table) {
  std::string head = "<th scope=\"col\">experiment</th><th class=\"num\" scope=\"col\">seeds</th>";
  for (const std::size_t c : table.columns) head += column_heading(report.columns[c]);
  return "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>" + head +
         "</tr></thead><tbody>" + comparison_rows(report, table) + "</tbody></table></div>";
}

std::string seed_rows(const ExperimentSummary& experiment, const MetricSummary& metric,
                      const MetricColumn& column) {
  std::string rows;
  for (const auto& seed : metric.seeds) {
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\" "
        "data-value=\"{}\">{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
        html_name(experiment.label), html_text(column.label), seed.seed,
        exact_number_text(seed.value), html_text(short_number_text(seed.value, 6)),
        std::isnan(seed.standard_error) ? "" : html_text(short_number_text(seed.standard_error, 2)),
        seed.untrained ? html_text(short_number_text(*seed.untrained, 6)) : "",
        images_text(static_cast<double>(seed.images_seen)));
  }
  return rows;
}

std::string interval_rows(const Report& report) {
  std::string rows;
  for (const auto& e : report.experiments) {
    for (const auto& metric : e.metrics) {
      rows += fmt::format(
          "<tr><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>"
          "<td class=\"num\">{}</td></tr>",
          html_name(e.label), html_text(report.columns[metric.column].label), metric.last.n,
          html_text(mean_and_spread_text(metric.last)), html_text(interval_text(metric.last)));
    }
  }
  return rows;
}

std::string every_value(const Report& report) {
  std::string rows;
  for (const auto& e : report.experiments) {
    for (const auto& metric : e.metrics)
      rows += seed_rows(e, metric, report.columns[metric.column]);
  }
  if (rows.empty()) return "";
  return "<details><summary>Every seed's value</summary><div class=\"scroll\" "
         "tabindex=\"0\"><table class=\"sortable\">"
         "<thead><tr><th>experiment</th><th>metric</th><th class=\"num\">seed</th><th "
         "class=\"num\">last</th>"
         "<th class=\"num\">standard error</th><th class=\"num\">untrained</th><th "
         "class=\"num\">at images</th></tr></thead>"
         "<tbody>" +
         rows +
         "</tbody></table></div></details>"
         "<details><summary>95 % intervals of the means</summary><div class=\"scroll\" "
         "tabindex=\"0\"><table>"
         "<thead><tr><th>experiment</th><th>metric</th><th class=\"num\">n</th><th "
         "class=\"num\">mean ± sd</th>"
         "<th class=\"num\">interval</th></tr></thead><tbody>" +
         interval_rows(report) + "</tbody></table></div></details>";
}

}  // namespace

std::string html_section(const std::string& id, const std::string& heading,
                         const std::string& body) {
  return fmt::format("<section id=\"{}\"><h2>{}</h2>{}</section>\n", id, heading, body);
}

std::string comparison_section(const Report& report) {
  if (report.experiments.empty()) return "";
  std::string body =
      "<p class=\"hint\">Mean ± sd over seeds at the last evaluation, never a best-of-run; "
      "<i>from</i> is the same model "
      "before training. The best mean of a column, where no other equals it, is in colour: look at "
      "the spread before calling it better.</p>";
  for (const auto& table : comparison_tables(report)) body += comparison_table(report, table);
  return html_section("comparison", "Comparison", body + every_value(report));
}

std::string speed_section(const Report& report) {
  std::string rows;
  for (const auto& e : report.experiments) {
    for (const auto& speed : e.speeds) {
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\" data-value=\"{}\"><span "
          "class=\"mean\">{}</span> "
          "<span class=\"sd\">{}</span></td><td class=\"num\">{}</td><td class=\"num\" "
          "data-value=\"{}\">{}</td>"
          "<td class=\"num\" data-value=\"{}\">{}</td></tr>",
          html_name(e.label), html_text(speed.phase),
          exact_number_text(speed.images_per_second.mean.value_or(0.0)),
          html_text(mean_text(speed.images_per_second)),
          html_text(spread_text(speed.images_per_second)),
          html_text(short_number_text(speed.worst_mad, 2)),
          exact_number_text(e.wall_seconds.mean.value_or(0.0)),
          duration_in_words(e.wall_seconds.mean.value_or(0.0)), e.peak_memory_bytes,
          peak_memory_text(e.peak_memory_bytes, e.device, e.peak_memory_of));
    }
  }
  if (rows.empty()) return "";
  return html_section(
      "speed", "Speed and memory",
      "<p class=\"hint\">Images per second: each run's median, then mean ± sd over seeds; MAD is "
      "the largest median absolute "
      "deviation inside a run. Time covers the whole run, evaluation included; of seeds that "
      "trained as one model each has all of it.</p>"
      "<div class=\"scroll\" tabindex=\"0\"><table "
      "class=\"sortable\"><thead><tr><th>experiment</th><th>phase</th>"
      "<th class=\"num\">images/s</th><th class=\"num\">MAD</th><th class=\"num\">time a run</th>"
      "<th class=\"num\">peak memory</th></tr></thead><tbody>" +
          rows + "</tbody></table></div>");
}

std::string unfinished_section(const Report& report) {
  std::string rows;
  for (const auto& run : report.unfinished) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td><span class=\"chip "
        "{}\">{}</span></td>"
        "<td class=\"num\">{} of {}</td><td>{}</td></tr>",
        html_name(run.experiment), run.seed, html_attribute(run.status), html_text(run.status),
        images_text(static_cast<double>(run.images_seen)),
        images_text(static_cast<double>(run.images_total)), html_text(run.reason));
  }
  if (rows.empty()) return "";
  return html_section(
      "unfinished", "Runs that did not complete",
      "<p class=\"hint\">They count as results and are left out of every mean.</p>"
      "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>experiment</th><th "
      "class=\"num\">seed</th>"
      "<th>status</th><th class=\"num\">images seen</th><th>reason</th></tr></thead><tbody>" +
          rows + "</tbody></table></div>");
}

}  // namespace assay
