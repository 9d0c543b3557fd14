// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/sample.h"

#include <algorithm>
#include <cmath>

namespace assay {

std::vector<double> Sample::finite() const {
  std::vector<double> values;
  for (const SeedScore& score : scores) {
    if (std::isfinite(score.value)) values.push_back(score.value);
  }
  return values;
}

std::int64_t Sample::lost() const {
  return failed + std::ranges::count_if(
                      scores, [](const SeedScore& one) { return !std::isfinite(one.value); });
}

bool pairs(const Sample& left, const Sample& right) {
  return left.lost() == 0 && right.lost() == 0 && !left.scores.empty() &&
         std::ranges::equal(left.scores, right.scores, {}, &SeedScore::seed, &SeedScore::seed);
}

}  // namespace assay
