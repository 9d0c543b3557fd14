// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>

#include "core/metric_kind.h"
#include "reports/comparison/compare_text.h"
#include "reports/comparison/n_way.h"
#include "reports/escape.h"
#include "reports/failures.h"
#include "reports/html_sections.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/ranking.h"

namespace assay {
namespace {

std::string column_heading(const MetricColumn& column) {
  const auto at = column.label.find('@');
  std::string text = html_text(column.label.substr(0, at));
  if (column.better == Better::kLower)
    text += " <span class=\"arrow\" title=\"lower is better\">↓</span>";
  if (column.better == Better::kHigher)
    text += " <span class=\"arrow\" title=\"higher is better\">↑</span>";
  if (at != std::string::npos) text += "<small>" + html_text(column.label.substr(at)) + "</small>";
  for (const auto& difference : column.difference)
    text += "<small>" + html_text(difference) + "</small>";
  return "<th class=\"num\" scope=\"col\">" + text + "</th>";
}

std::string untrained_note(const MetricSummary& metric, std::optional<Better> better) {
  const std::string gain = improvement_text(metric, better);
  if (gain.empty()) return "";
  return fmt::format("<small>from {} <b>{}</b></small>", html_text(mean_text(metric.untrained)),
                     html_text(gain));
}

// The interval of the mean, and the places that the verdicts leave it.
std::string standing_note(const MetricSummary& metric, const std::optional<RankRange>& rank) {
  const std::string interval = interval_text(metric.last);
  if (interval.empty() && !rank) return "";
  const std::string place =
      rank ? fmt::format("<span class=\"rank\" title=\"rank by verdicts\">#{}</span>",
                         rank_text(*rank))
           : std::string();
  return fmt::format("<small>{}{}</small>", html_text(interval), place);
}

std::string metric_cell(const MetricSummary* metric, const MetricColumn& column, bool best,
                        const std::optional<RankRange>& rank) {
  if (metric == nullptr) return "<td class=\"num none\">·</td>";
  const std::string spread = spread_text(metric->last);
  const std::string value = metric->last.mean ? exact_number_text(*metric->last.mean) : "";
  return fmt::format(
      "<td class=\"num{}\" data-value=\"{}\"><span class=\"mean\">{}</span>{}{}{}</td>",
      best ? " best" : "", value, html_text(mean_text(metric->last)),
      spread.empty() ? "" : " <span class=\"sd\">" + html_text(spread) + "</span>",
      standing_note(*metric, rank), untrained_note(*metric, column.better));
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
  for (const auto& failure : experiment.failures) {
    if (failure.name != kDiverged)  // said above
      text += fmt::format("<small class=\"bad\">{}</small>", html_text(failure_text(failure)));
  }
  return fmt::format("<td class=\"num\" data-value=\"{}\">{}</td>", experiment.counted.size(),
                     text);
}

std::string comparison_rows(const Report& report, const ComparisonTable& table,
                            const Comparison& comparison) {
  std::string rows;
  for (std::size_t entry = 0; entry < table.experiments.size(); ++entry) {
    const auto& experiment = report.experiments[table.experiments[entry]];
    rows +=
        fmt::format("<tr><th scope=\"row\">{}<small>{}</small></th>{}", html_name(experiment.label),
                    html_text(experiment.family), runs_cell(experiment));
    for (const std::size_t c : table.columns) {
      rows += metric_cell(metric_in(experiment, c), report.columns[c],
                          best_in(report, c) == &experiment, rank_range(comparison, entry, c));
    }
    rows += "</tr>";
  }
  return rows;
}

// What the first column that can be ranked says of its leader, in sentences.
std::string headline_verdicts(const Report& report, const ComparisonTable& table,
                              const Comparison& comparison) {
  constexpr std::size_t kMost = 8;
  const auto column = ranked_column(comparison, table);
  if (!column) return "";
  std::string items;
  for (const auto& sentence : leader_sentences(comparison, *column, kMost))
    items += "<li>" + html_text(sentence) + "</li>";
  return fmt::format("<div class=\"verdicts\"><h3>By {}</h3><ul>{}</ul></div>",
                     html_text(report.columns[*column].label), items);
}

std::string verdict_row(const Report& report, const Comparison& comparison,
                        const ComparedMetric& pair) {
  const auto name = verdict_name(pair.decision.verdict);
  return fmt::format(
      "<tr><td>{}</td><td><span class=\"chip {}\">{}</span></td><td class=\"verdict\">{}</td></tr>",
      html_text(report.columns[pair.column].label), name,
      pair.decision.verdict == Verdict::kNotComparable ? "not comparable" : name,
      html_text(sentence_of(comparison, pair)));
}

// Every pair; of many experiments those with the leader of each column alone.
std::string all_verdicts(const Report& report, const ComparisonTable& table,
                         const Comparison& comparison) {
  constexpr std::size_t kMostInFull = 12;
  const bool in_full = table.experiments.size() <= kMostInFull;
  std::string rows;
  for (const std::size_t column : table.columns) {
    if (!in_full) {
      for (const ComparedMetric* pair : pairs_of_leader(comparison, column))
        rows += verdict_row(report, comparison, *pair);
      continue;
    }
    for (const ComparedMetric& pair : comparison.pairs) {
      if (pair.column == column) rows += verdict_row(report, comparison, pair);
    }
  }
  if (rows.empty()) return "";
  return fmt::format(
      "<details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\"><table "
      "class=\"sortable\"><thead><tr><th>metric</th><th>verdict</th><th>what the values say</th>"
      "</tr></thead><tbody>{}</tbody></table></div></details>",
      in_full
          ? "Every pair's verdict"
          : "Verdicts of each column's best mean against the others (every pair: --format json)",
      rows);
}

std::string comparison_table(const Report& report, const ComparisonTable& table) {
  const Comparison comparison = compare_table(report, table);
  std::string head = "<th scope=\"col\">experiment</th><th class=\"num\" scope=\"col\">seeds</th>";
  for (const std::size_t c : table.columns) head += column_heading(report.columns[c]);
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>" +
                     head + "</tr></thead><tbody>" + comparison_rows(report, table, comparison) +
                     "</tbody></table></div>" + headline_verdicts(report, table, comparison);
  for (const auto& note : comparison.notes) html += "<p class=\"hint\">" + html_text(note) + "</p>";
  return html + all_verdicts(report, table, comparison);
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
         rows + "</tbody></table></div></details>";
}

std::string evaluations_cell(const SeedSummary& evaluations) {
  if (!evaluations.mean) return "<td class=\"num none\">·</td>";
  return fmt::format("<td class=\"num\" data-value=\"{}\">{}</td>",
                     exact_number_text(*evaluations.mean), html_text(mean_text(evaluations)));
}

std::string training_time_text(const ExperimentSummary& e) {
  return e.training_seconds.mean ? duration_in_words(*e.training_seconds.mean) : "";
}

}  // namespace

std::string html_section(const std::string& id, const std::string& heading,
                         const std::string& body) {
  return fmt::format("<section id=\"{}\"><h2>{}</h2>{}</section>\n", id, heading, body);
}

std::string comparison_section(const Report& report) {
  if (report.experiments.empty()) return "";
  std::string body =
      "<p class=\"hint\">Mean ± sd over seeds at the last evaluation, never a best-of-run, and the "
      "95 % interval of the mean; #2–3 are the places that the verdicts leave (level 5 %, Holm "
      "over "
      "the table); <i>from</i> is the same model before training. The best mean of a column, where "
      "no other equals it, is in colour.</p>";
  for (const auto& table : comparison_tables(report)) body += comparison_table(report, table);
  return html_section("comparison", "Comparison", body + every_value(report));
}

std::string speed_section(const Report& report) {
  const bool counted = counts_network_evaluations(report);
  std::string rows;
  for (const auto& e : report.experiments) {
    for (const auto& speed : e.speeds) {
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\" data-value=\"{}\"><span "
          "class=\"mean\">{}</span> "
          "<span class=\"sd\">{}</span></td><td class=\"num\">{}</td><td class=\"num\" "
          "data-value=\"{}\">{}</td>"
          "<td class=\"num\" data-value=\"{}\">{}</td>"
          "<td class=\"num\" data-value=\"{}\">{}</td>{}</tr>",
          html_name(e.label), html_text(speed.phase),
          exact_number_text(speed.images_per_second.mean.value_or(0.0)),
          html_text(mean_text(speed.images_per_second)),
          html_text(spread_text(speed.images_per_second)),
          html_text(short_number_text(speed.worst_mad, 2)),
          exact_number_text(e.wall_seconds.mean.value_or(0.0)),
          duration_in_words(e.wall_seconds.mean.value_or(0.0)),
          exact_number_text(e.training_seconds.mean.value_or(0.0)), training_time_text(e),
          e.peak_memory_bytes, peak_memory_text(e.peak_memory_bytes, e.device, e.peak_memory_of),
          counted ? evaluations_cell(e.network_evaluations) : "");
    }
  }
  if (rows.empty()) return "";
  return html_section(
      "speed", "Speed and memory",
      "<p class=\"hint\">Images per second: each run's median, then mean ± sd over seeds; MAD is "
      "the largest median absolute "
      "deviation inside a run. Time covers the whole run, evaluation included; of seeds that "
      "trained as one model each has all of it. Training is what its steps took, and those of a "
      "first stage: images over the median speed.</p>"
      "<div class=\"scroll\" tabindex=\"0\"><table "
      "class=\"sortable\"><thead><tr><th>experiment</th><th>phase</th>"
      "<th class=\"num\">images/s</th><th class=\"num\">MAD</th><th class=\"num\">time a run</th>"
      "<th class=\"num\">training</th><th class=\"num\">peak memory</th>" +
          std::string(counted ? "<th class=\"num\">network evaluations a sample</th>" : "") +
          "</tr></thead><tbody>" + rows + "</tbody></table></div>");
}

}  // namespace assay
