// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/entry_score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "reports/number_text.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/student.h"

namespace assay {
namespace {

constexpr double kSide = 0.025;
constexpr std::size_t kBootstrapFrom = 10;  // below, the bootstrap covers less than it says

double median_of(const std::vector<double>& sorted) {
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2.0;
}

}  // namespace

std::optional<EntryScore> entry_score(const Comparison& comparison, std::size_t entry,
                                      const MetricSummary& metric) {
  std::vector<double> values;
  for (const SeedValue& seed : metric.seeds) {
    if (std::isfinite(seed.value)) values.push_back(seed.value);
  }
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  EntryScore score{.median = median_of(values), .least = values.front(), .most = values.back()};
  const bool resampled = values.size() >= kBootstrapFrom;
  score.mean = resampled ? bca_mean_estimate(values, kSide) : mean_estimate(values, kSide);
  if (score.mean.interval) score.interval = resampled ? "bca" : "student";
  score.rank = rank_range(comparison, entry, metric.column);
  return score;
}

std::string entry_score_text(const MetricSummary& metric, const std::optional<EntryScore>& score) {
  std::string text = mean_and_spread_text(metric.last);
  if (score && score->mean.interval) {
    text += fmt::format(" [{}, {}]", short_number_text(score->mean.interval->low, 3),
                        short_number_text(score->mean.interval->high, 3));
  }
  text += fmt::format(" (n = {})", metric.last.n);
  if (score && score->rank) text += ", rank " + rank_text(*score->rank);
  return text;
}

}  // namespace assay
