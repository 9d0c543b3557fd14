// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/holm.h"

#include <algorithm>
#include <numeric>

namespace assay {

std::vector<double> holm_adjusted(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double highest = 0.0;
  for (std::size_t j = 0; j < order.size(); ++j) {
    const auto left = static_cast<double>(order.size() - j);
    highest = std::max(highest, std::min(1.0, left * p[order[j]]));
    adjusted[order[j]] = highest;
  }
  return adjusted;
}

}  // namespace assay
