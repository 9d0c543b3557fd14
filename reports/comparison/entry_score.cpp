// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/entry_score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/median.h"
#include "reports/number_text.h"
#include "reports/statistics/bootstrap.h"

namespace assay {

std::optional<EntryScore> entry_score(const Comparison& comparison, std::size_t entry,
                                      const MetricSummary& metric) {
  std::vector<double> values;
  for (const SeedValue& seed : metric.seeds) {
    if (std::isfinite(seed.value)) values.push_back(seed.value);
  }
  if (values.empty()) return std::nullopt;
  const auto [least, most] = std::ranges::minmax(values);
  EntryScore score{.median = *median(values), .least = least, .most = most};
  if (metric.last.low) {
    constexpr double kConfidence = 0.95;
    score.interval = Interval{*metric.last.low, *metric.last.high, kConfidence};
    score.method = metric.last.n < kBootstrapFrom ? "student" : "bca";
  }
  score.rank = rank_range(comparison, entry, metric.column);
  return score;
}

std::string entry_score_text(const MetricSummary& metric, const std::optional<EntryScore>& score) {
  std::string text = mean_and_spread_text(metric.last);
  if (score && score->interval) {
    text += fmt::format(" [{}, {}]", short_number_text(score->interval->low, 3),
                        short_number_text(score->interval->high, 3));
  }
  text += fmt::format(" (n = {})", metric.last.n);
  if (score && score->rank) text += ", rank " + rank_text(*score->rank);
  return text;
}

}  // namespace assay
