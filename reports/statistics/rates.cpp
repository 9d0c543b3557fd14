// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/rates.h"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace assay {

Estimate rate_estimate(const Count& count, double alpha) {
  const double z = quantile(boost::math::normal(), 1.0 - alpha);
  const auto n = static_cast<double>(count.n);
  const double rate = static_cast<double>(count.of) / n;
  const double scale = 1.0 + z * z / n;
  const double centre = (rate + z * z / (2.0 * n)) / scale;
  const double half = z * std::sqrt(rate * (1.0 - rate) / n + z * z / (4.0 * n * n)) / scale;
  // At 0 and at n of n the outer end is the rate itself, but for rounding.
  const double low = count.of == 0 ? 0.0 : centre - half;
  const double high = count.of == count.n ? 1.0 : centre + half;
  return {rate, Interval{low, high, 1.0 - 2.0 * alpha}};
}

TestResult rate_test(const Count& left, const Count& right, Alternative alternative) {
  const std::int64_t marked = left.of + right.of;
  const std::int64_t all = left.n + right.n;
  const std::int64_t first = std::max<std::int64_t>(0, marked - right.n);
  const std::int64_t last = std::min(marked, left.n);
  const boost::math::hypergeometric table(
      static_cast<unsigned>(marked), static_cast<unsigned>(left.n), static_cast<unsigned>(all));
  constexpr double kRounding = 1.0 + 1e-7;
  const double seen = pdf(table, static_cast<unsigned>(left.of));
  double p = 0.0;
  for (std::int64_t k = first; k <= last; ++k) {
    const double likely = pdf(table, static_cast<unsigned>(k));
    const bool counts = alternative == Alternative::kLess      ? k <= left.of
                        : alternative == Alternative::kGreater ? k >= left.of
                                                               : likely <= seen * kRounding;
    if (counts) p += likely;
  }
  return {static_cast<double>(left.of), std::min(1.0, p), true};
}

}  // namespace assay
