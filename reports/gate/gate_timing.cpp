// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate_timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/metric_kind.h"
#include "reports/statistics/summary.h"

namespace assay {
namespace {

constexpr double kGuardShare = 0.1;

// A round stands where seeds of other rows do: both builds ran in it, one after the other.
Sample rounds_of(const std::vector<double>& speeds, std::string label) {
  Sample sample{std::move(label), {}, 0};
  for (std::size_t i = 0; i < speeds.size(); ++i) sample.scores.push_back({i, speeds[i]});
  return sample;
}

}  // namespace

std::string timing_metric(const std::string& phase) { return "images/s: " + phase; }

GateRow timing_row(const TimedPhase& timed, const std::string& experiment, const GateRule& rule,
                   double alpha) {
  GateRow row{experiment, timing_metric(timed.phase), rule.importance};
  row.baseline = rounds_of(timed.base, "the base build");
  row.current = rounds_of(timed.current, "this build");
  const auto values = row.baseline.finite();
  const double size = values.empty() ? 0.0 : summarise(values).mean.value();
  const bool ruled = rule.absolute > 0.0 || rule.relative > 0.0;
  row.terms = {.better = Better::kHigher,
               .margin = rule.equivalence.value_or(kGuardShare * size),
               .guard = std::max(rule.absolute, (ruled ? rule.relative : kGuardShare) * size),
               .pairing = Pairing::kSeeds,
               .alpha = alpha};
  row.decision = compare_samples(row.baseline, row.current, row.terms);
  return row;
}

}  // namespace assay
