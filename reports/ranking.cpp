// SPDX-License-Identifier: Apache-2.0
#include "reports/ranking.h"

#include <algorithm>
#include <optional>

#include "core/metric_kind.h"
#include "reports/metric_columns.h"

namespace assay {

std::vector<Ranked> ranking_in(const Report& report, std::size_t column) {
  const std::optional<Better> better = report.columns[column].better;
  if (better == std::nullopt) return {};
  std::vector<Ranked> ranking;
  for (const auto& experiment : report.experiments) {
    const MetricSummary* metric = metric_in(experiment, column);
    if (metric != nullptr && metric->last.mean) ranking.push_back({&experiment, metric});
  }
  const double sign = better == Better::kLower ? 1.0 : -1.0;
  std::ranges::stable_sort(ranking, {},
                           [&](const Ranked& one) { return sign * *one.metric->last.mean; });
  return ranking;
}

std::size_t level_at_the_top(std::span<const Ranked> ranking) {
  std::size_t level = 0;
  while (level < ranking.size() &&
         *ranking[level].metric->last.mean == *ranking[0].metric->last.mean) {
    ++level;
  }
  return level;
}

}  // namespace assay
