// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/ranks.h"

#include <algorithm>
#include <numeric>

namespace assay {

Ranks ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  Ranks ranks{std::vector<std::int64_t>(values.size()), 0.0};
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    // Ranks begin + 1 … end: twice their mean is begin + 1 + end.
    for (std::size_t i = begin; i < end; ++i) {
      ranks.doubled[order[i]] = static_cast<std::int64_t>(begin + 1 + end);
    }
    const auto t = static_cast<double>(end - begin);
    ranks.ties += t * t * t - t;
  }
  return ranks;
}

Ranks untied_ranks(std::size_t count) {
  Ranks ranks{std::vector<std::int64_t>(count), 0.0};
  for (std::size_t i = 0; i < count; ++i) ranks.doubled[i] = 2 * static_cast<std::int64_t>(i + 1);
  return ranks;
}

}  // namespace assay
