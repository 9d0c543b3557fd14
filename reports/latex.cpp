// SPDX-License-Identifier: Apache-2.0
#include "reports/latex.h"

#include <fmt/format.h>

#include "core/metric_kind.h"
#include "reports/claim_text.h"
#include "reports/escape.h"
#include "reports/failures.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/papers/match.h"
#include "reports/ranking.h"

namespace assay {
namespace {

// Numbers with their signs in mathematics.
std::string cell_text(const SeedSummary& summary) {
  if (!summary.mean) return "--";
  const std::string spread = spread_text(summary);
  const std::string text = latex_text(mean_text(summary));
  return spread.empty() ? text : fmt::format("{} {}", text, latex_text(spread));
}

std::string heading_of(const MetricColumn& column) {
  std::string text = latex_text(column.label);
  if (column.better == Better::kLower) text += " $\\downarrow$";
  if (column.better == Better::kHigher) text += " $\\uparrow$";
  return text;
}

// How a score was measured, for whoever reads the source.
std::string protocol_comment(const MetricColumn& column) {
  std::string text = "% " + valid_utf8(column.label) + ":";
  for (const auto& [name, value] : column.protocol)
    text += fmt::format(" {}={}", valid_utf8(name), valid_utf8(value));
  std::erase(text, '\n');
  return text + "\n";
}

bool is_best(const Report& report, std::size_t column, const ExperimentSummary& experiment) {
  const auto ranking = ranking_in(report, column);
  if (ranking.size() < 2 || level_at_the_top(ranking) != 1) return false;
  return ranking.front().experiment == &experiment;
}

std::string comparison(const Report& report, const ComparisonTable& table) {
  std::string text;
  for (const std::size_t c : table.columns) text += protocol_comment(report.columns[c]);
  text += fmt::format(
      "\\begin{{table}}\n\\centering\n\\caption{{{}: mean $\\pm$ standard deviation "
      "over $n$ training seeds.}}\n\\begin{{tabular}}{{lr{}}}\n\\toprule\n"
      "experiment & $n$",
      latex_text(report.title), std::string(table.columns.size(), 'r'));
  for (const std::size_t c : table.columns) text += " & " + heading_of(report.columns[c]);
  text += " \\\\\n\\midrule\n";
  for (const std::size_t e : table.experiments) {
    const ExperimentSummary& experiment = report.experiments[e];
    text += fmt::format("{} & {}", latex_text(experiment.label), experiment.counted.size());
    for (const std::size_t c : table.columns) {
      const MetricSummary* metric = metric_in(experiment, c);
      const std::string cell = metric == nullptr ? "" : cell_text(metric->last);
      text +=
          is_best(report, c, experiment) ? fmt::format(" & \\textbf{{{}}}", cell) : " & " + cell;
    }
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n";
}

std::string claims(const Report& report) {
  if (report.claims.empty()) return "";
  std::string text =
      "\\begin{table}\n\\centering\n\\caption{Claims, stated before the runs; $p$ adjusted by Holm "
      "over each suite.}\n\\begin{tabular}{p{.5\\linewidth}lll}\n\\toprule\nclaim & outcome & "
      "effect & $p$ \\\\\n\\midrule\n";
  for (const auto& stored : report.claims) {
    const ClaimVerdict& verdict = stored.verdict;
    text += fmt::format("{} & {} & {} & {} \\\\\n", latex_text(verdict.evidence.claim.text),
                        outcome_name(verdict.outcome) == "not_run"
                            ? "not run"
                            : latex_text(outcome_name(verdict.outcome)),
                        latex_text(effect_text(verdict)), latex_text(adjusted_p_text(verdict)));
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n";
}

std::string failures(const Report& report) {
  std::string rows;
  for (const auto& experiment : report.experiments) {
    for (const auto& failure : experiment.failures) {
      rows += fmt::format("{} & {} & {} & {} & {} \\\\\n", latex_text(experiment.label),
                          latex_text(failure_words(failure.name)), failure.seeds.size(),
                          failure.ended, failure_rate_text(failure));
    }
  }
  if (rows.empty()) return "";
  return "\\begin{table}\n\\centering\n\\caption{Failures of training over $n$ seeds, with "
         "Wilson's "
         "95\\,\\% interval of their rate.}\n\\begin{tabular}{llrrr}\n\\toprule\nexperiment & "
         "failure & seeds & $n$ & rate \\\\\n\\midrule\n" +
         rows + "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n";
}

std::string papers(const Report& report) {
  if (report.published.empty()) return "";
  std::string text =
      "\\begin{table}\n\\centering\n\\caption{Beside the literature.}\n"
      "\\begin{tabular}{lllp{.4\\linewidth}}\n\\toprule\nexperiment & metric & published & verdict "
      "\\\\\n\\midrule\n";
  for (const auto& beside : report.published) {
    text += fmt::format("{} & {} & {} & {} \\\\\n",
                        latex_text(report.experiments[beside.experiment].label),
                        latex_text(beside.value.metric), latex_text(published_text(beside.value)),
                        latex_text(beside.verdict));
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n";
}

}  // namespace

std::string report_latex(const Report& report) {
  std::string text = fmt::format(
      "% {}, written by assay on {}\n% As a document of its own: "
      "\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}} ... "
      "\\end{{document}}\n\n",
      valid_utf8(report.title), report.generated_at);
  for (const auto& warning : report.warnings) text += "% " + latex_text(warning) + "\n";
  for (const auto& table : comparison_tables(report)) text += comparison(report, table);
  return text + failures(report) + claims(report) + papers(report);
}

}  // namespace assay
