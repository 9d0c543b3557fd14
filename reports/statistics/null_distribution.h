// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// How a statistic of ranks is distributed where there is no difference. Statistics are given
/// doubled, since tied ranks come in halves.
class NullDistribution {
 public:
  /// pmf[k] = P(statistic = k / 2).
  static NullDistribution exact(std::vector<double> pmf);
  /// Approximation with continuity correction 1/2. sd = 0 (all values equal) rejects nothing.
  static NullDistribution normal(double mean, double sd);

  /// P(X <= x), P(X >= x), or twice the smaller of the two, at most 1.
  TestResult test(std::int64_t doubled_statistic, Alternative alternative) const;

  /// Median of `values` and the interval [v_(c), v_(n+1−c)] of the sorted ones, c the largest with
  /// P(X <= c − 1) <= alpha: what inverting the test gives when X counts the values below the
  /// true location.
  Estimate estimate(std::vector<double> values, double alpha) const;

 private:
  double below(std::int64_t doubled_statistic) const;
  double above(std::int64_t doubled_statistic) const;

  std::vector<double> pmf_;
  double mean_ = 0.0;
  double sd_ = 0.0;
};

}  // namespace assay
