// SPDX-License-Identifier: Apache-2.0
#include "reports/papers/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/gather.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"

namespace assay {
namespace {

// What verdicts need of a group: neither curves nor pictures.
ExperimentSummary scored(const RunGroup& group, std::vector<MetricColumn>& columns) {
  ExperimentSummary summary;
  summary.id = group.experiment.id;
  summary.name = group.experiment.name;
  summary.failed_seeds = failed_seeds(group);
  for (const FoundRun& run : group.all) summary.smoke = summary.smoke || run.row.smoke;
  for (const FoundRun& run : group.counted) summary.counted.push_back(run.row);
  summary.metrics = metrics_of_group(group, columns, History::kLast);
  return summary;
}

// The most that was found out; of equals the first.
PaperRow judged(const PublishedValue& value, const PublishedValues& published,
                const std::vector<ExperimentSummary>& experiments,
                const std::vector<MetricColumn>& columns) {
  PaperRow row{&value};
  row.verdict.reason = !value.needs.empty()        ? value.needs
                       : value.experiments.empty() ? "no experiment repeats it"
                                                   : "nobody ran it yet";
  if (!value.experiments.empty()) row.experiment = value.experiments.front();
  bool any = false;
  for (const ExperimentSummary& experiment : experiments) {
    const auto& names = value.experiments;
    if (std::ranges::find(names, experiment.name) == names.end()) continue;
    PaperVerdict verdict = verdict_of(value, experiment, columns, published.ids);
    if (any && verdict.outcome >= row.verdict.outcome) continue;
    any = true;
    row.experiment = experiment.name;
    row.verdict = std::move(verdict);
  }
  return row;
}

}  // namespace

std::vector<PaperRow> paper_coverage(const PublishedValues& published,
                                     std::span<const std::filesystem::path> databases,
                                     std::span<const MetricKind> kinds) {
  std::vector<std::string> wanted;
  for (const auto& [name, id] : published.ids) wanted.push_back(name);
  std::vector<MetricColumn> columns;
  std::vector<ExperimentSummary> experiments;
  const GatheredRuns gathered = gather_runs(databases, {.experiments = wanted});
  for (const RunGroup& group : gathered.groups) {
    experiments.push_back(scored(group, columns));
  }
  explain_columns(columns, kinds_in(databases, kinds));
  std::vector<PaperRow> rows;
  for (const PublishedValue& value : published.values) {
    if (is_fact(value)) rows.push_back(judged(value, published, experiments, columns));
  }
  return rows;
}

std::string verdict_text(const PublishedValue& value, const PaperVerdict& verdict) {
  std::string text(outcome_name(verdict.outcome));
  if (verdict.here.n > 0) {
    text += fmt::format(": {} (n = {})", mean_and_spread_text(verdict.here), verdict.here.n);
  }
  if (verdict.low) {
    text += fmt::format(", {} [{}, {}] where ± {} is none", signed_number_text(*verdict.effect, 3),
                        signed_number_text(*verdict.low, 3), signed_number_text(*verdict.high, 3),
                        short_number_text(value.tolerance, 2));
  }
  if (!verdict.reason.empty()) text += (verdict.here.n > 0 ? "; " : ": ") + verdict.reason;
  return text;
}

}  // namespace assay
