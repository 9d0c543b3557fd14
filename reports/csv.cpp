// SPDX-License-Identifier: Apache-2.0
#include "reports/csv.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "reports/escape.h"
#include "reports/evaluation_choice.h"
#include "reports/number_text.h"

namespace assay {
namespace {

class CsvRows {
 public:
  explicit CsvRows(const ExperimentSummary& experiment)
      : prefix_(csv_field(experiment.label) + "," + csv_field(experiment.id)) {}

  void quantity(std::string_view name, std::string_view protocol_id) {
    quantity_ = csv_field(name) + "," + csv_field(protocol_id);
  }
  void of_seed(std::string_view statistic, const SeedValue& seed, double value) {
    row(statistic,
        fmt::format("{},{},{}", seed.seed, csv_field(seed.uuid),
                    statistic == "untrained" ? 0 : seed.images_seen),
        value);
  }
  void of_all(std::string_view statistic, const std::optional<double>& value) {
    if (value) row(statistic, ",,", *value);
  }
  void summary(const std::string& prefix, const SeedSummary& s) {
    if (s.n + s.non_finite == 0) return;
    of_all(prefix + "n", static_cast<double>(s.n));
    of_all(prefix + "mean", s.mean);
    of_all(prefix + "sd", s.sd);
    of_all(prefix + "low", s.low);
    of_all(prefix + "high", s.high);
  }
  std::string text;

 private:
  void row(std::string_view statistic, const std::string& where, double value) {
    text += fmt::format("{},{},{},{},{}\n", prefix_, quantity_, statistic, where,
                        exact_number_text(value));
  }
  std::string prefix_;
  std::string quantity_;
};

void metric_rows(CsvRows& rows, const MetricSummary& metric, const MetricColumn& column) {
  rows.quantity(column.label, column.protocol_id);
  for (const auto& seed : metric.seeds) {
    rows.of_seed("last", seed, seed.value);
    if (!std::isnan(seed.standard_error)) rows.of_seed("standard_error", seed, seed.standard_error);
    if (seed.untrained) rows.of_seed("untrained", seed, *seed.untrained);
  }
  rows.summary("", metric.last);
  rows.summary("untrained_", metric.untrained);
  const SeedSummary* best = best_evaluation(metric.choice, column.better);
  if (best == nullptr) return;
  rows.summary("last_ten_", metric.choice.last_ten);
  rows.summary("best_", *best);
}

// A seed's value is 1, at the images at which the failure was first noted; the sum's are a rate.
void failure_rows(CsvRows& rows, const FailureSummary& failure) {
  rows.quantity("failure: " + failure.name, "");
  for (const auto& seed : failure.seeds)
    rows.of_seed("failed", {seed.seed, seed.uuid, seed.first_images}, 1.0);
  rows.of_all("n", static_cast<double>(failure.ended));
  rows.of_all("failed", static_cast<double>(failure.seeds.size()));
  rows.of_all("mean", failure.rate.value);
  rows.of_all("low", failure.rate.interval->low);
  rows.of_all("high", failure.rate.interval->high);
}

// A claim's rows: experiment and id are the left side's, quantity is the suite and the claim
// itself.
std::string claim_rows(const StoredVerdict& stored) {
  const ClaimVerdict& verdict = stored.verdict;
  const ClaimEvidence& evidence = verdict.evidence;
  const std::string prefix = fmt::format(
      "{},{},{},{}", csv_field(evidence.left.experiment), csv_field(evidence.left.definition_id),
      csv_field("claim of " + stored.suite + ": " + evidence.claim.text),
      csv_field(evidence.protocol_id));
  std::string text;
  const auto row = [&](std::string_view statistic, double value) {
    text += fmt::format("{},{},,,,{}\n", prefix, statistic, exact_number_text(value));
  };
  row(outcome_name(verdict.outcome), 1.0);
  row("alpha", evidence.claim.alpha);
  if (verdict.effect) row("effect", verdict.effect->value);
  if (verdict.effect && verdict.effect->interval) {
    row("low", verdict.effect->interval->low);
    row("high", verdict.effect->interval->high);
  }
  if (verdict.claimed) {
    row("p", verdict.claimed->p);
    row("p_adjusted", verdict.adjusted);
  }
  row("n_left", static_cast<double>(evidence.left.values.size()));
  row("n_right", static_cast<double>(evidence.right.values.size()));
  return text;
}

}  // namespace

std::string report_csv(const Report& report) {
  std::string text =
      "experiment,experiment_id,quantity,protocol_id,statistic,seed,run,images_seen,value\n";
  for (const auto& experiment : report.experiments) {
    CsvRows rows(experiment);
    for (const auto& metric : experiment.metrics)
      metric_rows(rows, metric, report.columns[metric.column]);
    for (const auto& speed : experiment.speeds) {
      rows.quantity(speed.phase + "_images_per_second", "");
      rows.summary("", speed.images_per_second);
    }
    for (const auto& failure : experiment.failures) failure_rows(rows, failure);
    rows.quantity("wall_seconds", "");
    rows.summary("", experiment.wall_seconds);
    rows.quantity("network_evaluations", "");
    rows.summary("", experiment.network_evaluations);
    text += rows.text;
  }
  for (const auto& beside : report.published) {
    const ExperimentSummary& experiment = report.experiments[beside.experiment];
    text += fmt::format("{},{},{},,published,,,,{}\n", csv_field(experiment.label),
                        csv_field(experiment.id), csv_field(beside.value.metric),
                        exact_number_text(beside.value.value));
  }
  for (const auto& stored : report.claims) text += claim_rows(stored);
  return text;
}

}  // namespace assay
