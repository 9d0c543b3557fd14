// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "reports/ablations.h"
#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/planes.h"

namespace assay {
namespace {

// Metrics of the base that can be better or worse.
std::vector<std::size_t> columns_of(const Report& report, const Ladder& ladder) {
  constexpr std::size_t kMost = 4;
  std::vector<std::size_t> columns;
  for (const auto& table : comparison_tables(report)) {
    for (const std::size_t c : table.columns) {
      const auto* metric = metric_in(report.experiments[ladder.rungs.front().experiment], c);
      const bool ranked = report.columns[c].better != std::nullopt;
      if (metric != nullptr && ranked && columns.size() < kMost) columns.push_back(c);
    }
  }
  return columns;
}

std::string changes_text(const Rung& rung) {
  std::string text;
  for (const auto& change : rung.changes) {
    text += fmt::format("<small>{}: {} → {}</small>", html_name(change.key), html_text(change.base),
                        html_text(change.other));
  }
  return text.empty() ? "<small>the base</small>" : text;
}

// The mean, and its difference to the base's.
std::string rung_cell(const MetricSummary* metric, const MetricSummary* base) {
  if (metric == nullptr || !metric->last.mean) return "<td class=\"num none\">·</td>";
  std::string difference;
  if (base != metric && base != nullptr && base->last.mean) {
    const double effect = *metric->last.mean - *base->last.mean;
    difference = "<small>" + signed_number_text(effect, 3) + "</small>";
  }
  return fmt::format("<td class=\"num\" data-value=\"{}\">{}{}</td>",
                     exact_number_text(*metric->last.mean),
                     html_text(mean_and_spread_text(metric->last)), difference);
}

std::string ladder_table(const Report& report, const Ladder& ladder) {
  const auto columns = columns_of(report, ladder);
  std::string head = "<th scope=\"col\">experiment</th>", rows;
  for (const std::size_t c : columns)
    head += "<th class=\"num\" scope=\"col\">" + html_text(report.columns[c].label) + "</th>";
  const auto& base = report.experiments[ladder.rungs.front().experiment];
  for (const Rung& rung : ladder.rungs) {
    const auto& experiment = report.experiments[rung.experiment];
    rows += "<tr><th scope=\"row\">" + html_name(experiment.label) + changes_text(rung) + "</th>";
    for (const std::size_t c : columns)
      rows += rung_cell(metric_in(experiment, c), metric_in(base, c));
    rows += "</tr>";
  }
  return "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>" + head +
         "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

// Keys in rows, experiments of one family in columns; those alone that differ.
std::string differences_table(const Report& report, const std::vector<std::size_t>& members) {
  std::map<std::string, std::map<std::size_t, std::string>> values;
  const auto& base = report.experiments[members.front()];
  for (const std::size_t e : members) {
    for (const auto& change : changed_keys(base, report.experiments[e])) {
      values[change.key][members.front()] = change.base;
      values[change.key][e] = change.other;
    }
  }
  if (values.empty()) return "";
  std::string head = "<th scope=\"col\">key</th>", rows;
  for (const std::size_t e : members)
    head += "<th scope=\"col\">" + html_name(report.experiments[e].label) + "</th>";
  for (const auto& [key, of] : values) {
    rows += "<tr><th scope=\"row\">" + html_name(key) + "</th>";
    const std::string& common = of.at(members.front());
    for (const std::size_t e : members) {
      const auto found = of.find(e);
      const std::string& value = found == of.end() ? common : found->second;
      rows +=
          fmt::format("<td{}>{}</td>", value == common ? "" : " class=\"best\"", html_text(value));
    }
    rows += "</tr>";
  }
  return "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>" + head + "</tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

}  // namespace

std::string tradeoffs_section(const Report& report) {
  std::string figures;
  for (const auto& plane : planes_of(report)) figures += plane_figure(plane);
  if (figures.empty()) return "";
  return html_section(
      "tradeoffs", "Quality and what it costs",
      "<p class=\"hint\">Mean ± sd over seeds. The larger points are those that no other beats in "
      "both (Pareto's front of the means). Seconds are those of the machines in the provenance, "
      "evaluation included; of samples by the mean speed.</p><div class=\"charts\">" +
          figures + "</div>");
}

std::string ablations_section(const Report& report) {
  std::string body;
  for (const auto& ladder : ladders_of(report))
    body += "<h3>Around " + html_name(ladder.base) + "</h3>" + ladder_table(report, ladder);
  if (body.empty()) return "";
  return html_section("ablations", "Ablations",
                      "<p class=\"hint\">What each change of the definition does, the fewest "
                      "changes first: mean ± sd over seeds, and below it the difference to the "
                      "base. Whether it may be chance is said by the verdicts.</p>" +
                          body);
}

std::string differences_section(const Report& report) {
  std::map<std::string, std::vector<std::size_t>> families;
  for (std::size_t e = 0; e < report.experiments.size(); ++e)
    families[report.experiments[e].family].push_back(e);
  std::string body;
  for (const auto& [family, members] : families) {
    const std::string table = members.size() > 1 ? differences_table(report, members) : "";
    if (table.empty()) continue;
    body += fmt::format("<details><summary>{}: {} definitions</summary>{}</details>",
                        html_text(family), members.size(), table);
  }
  if (body.empty()) return "";
  return html_section("differences", "How definitions differ",
                      "<p class=\"hint\">The keys that differ within a family; in colour what "
                      "departs from the first column.</p>" +
                          body);
}

}  // namespace assay
