// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/null_distribution.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <numeric>

#include "core/median.h"

namespace assay {

NullDistribution NullDistribution::exact(std::vector<double> pmf) {
  NullDistribution distribution;
  distribution.pmf_ = std::move(pmf);
  return distribution;
}

NullDistribution NullDistribution::normal(double mean, double sd) {
  NullDistribution distribution;
  distribution.mean_ = mean;
  distribution.sd_ = sd;
  return distribution;
}

double NullDistribution::below(std::int64_t doubled_statistic) const {
  if (!pmf_.empty()) {
    // Rounding may carry the sum over all outcomes past 1.
    return std::min(1.0, std::accumulate(pmf_.begin(), pmf_.begin() + doubled_statistic + 1, 0.0));
  }
  if (sd_ == 0.0) return 1.0;
  const double x = static_cast<double>(doubled_statistic) / 2.0;
  return cdf(boost::math::normal(), (x - mean_ + 0.5) / sd_);
}

double NullDistribution::above(std::int64_t doubled_statistic) const {
  if (!pmf_.empty()) {
    const auto from = pmf_.rend() - doubled_statistic;
    return std::min(1.0, std::accumulate(pmf_.rbegin(), from, 0.0));
  }
  if (sd_ == 0.0) return 1.0;
  const double x = static_cast<double>(doubled_statistic) / 2.0;
  return cdf(complement(boost::math::normal(), (x - mean_ - 0.5) / sd_));
}

TestResult NullDistribution::test(std::int64_t doubled_statistic, Alternative alternative) const {
  TestResult result{static_cast<double>(doubled_statistic) / 2.0, 1.0, !pmf_.empty()};
  const double less = below(doubled_statistic);
  const double greater = above(doubled_statistic);
  switch (alternative) {
    case Alternative::kLess:
      result.p = less;
      break;
    case Alternative::kGreater:
      result.p = greater;
      break;
    case Alternative::kTwoSided:
      result.p = std::min(1.0, 2.0 * std::min(less, greater));
  }
  return result;
}

Estimate NullDistribution::estimate(std::vector<double> values, double alpha) const {
  std::ranges::sort(values);
  Estimate estimate{median(values).value(), std::nullopt};
  const std::size_t n = values.size();
  std::size_t c = 0;
  while (2 * (c + 1) <= n + 1 && below(2 * static_cast<std::int64_t>(c)) <= alpha) ++c;
  if (c == 0) return estimate;
  const double outside = below(2 * static_cast<std::int64_t>(c) - 2);
  estimate.interval = {values[c - 1], values[n - c], 1.0 - 2.0 * outside};
  return estimate;
}

}  // namespace assay
