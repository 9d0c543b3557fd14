// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/summary.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace assay {

double student_t_quantile(double degrees, double probability) {
  return boost::math::quantile(boost::math::students_t(degrees), probability);
}

SeedSummary summarise(std::span<const double> values) {
  SeedSummary summary;
  double sum = 0.0;
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -lowest;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      ++summary.non_finite;
      continue;
    }
    ++summary.n;
    sum += value;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  if (summary.n == 0) return summary;
  const auto n = static_cast<double>(summary.n);
  // The sum of equal doubles is rounded: over n it may not be that double again.
  const double mean = lowest == highest ? lowest : sum / n;
  summary.mean = mean;
  if (summary.n < 2) return summary;
  double squares = 0.0;
  for (const double value : values) {
    if (std::isfinite(value)) squares += (value - mean) * (value - mean);
  }
  summary.sd = std::sqrt(squares / (n - 1.0));
  const double half = student_t_quantile(n - 1.0, 0.975) * *summary.sd / std::sqrt(n);
  summary.low = mean - half;
  summary.high = mean + half;
  return summary;
}

}  // namespace assay
