// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/sign_test.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <vector>

#include "reports/statistics/null_distribution.h"

namespace assay {
namespace {

NullDistribution number_of_heads(std::int64_t n) {
  std::vector<double> pmf(static_cast<std::size_t>(2 * n + 1), 0.0);
  const boost::math::binomial binomial(static_cast<double>(n), 0.5);
  for (std::int64_t k = 0; k <= n; ++k) {
    pmf[static_cast<std::size_t>(2 * k)] = boost::math::pdf(binomial, static_cast<double>(k));
  }
  return NullDistribution::exact(std::move(pmf));
}

}  // namespace

TestResult sign_test(std::span<const double> differences, Alternative alternative) {
  const auto positive = std::ranges::count_if(differences, [](double d) { return d > 0; });
  const auto negative = std::ranges::count_if(differences, [](double d) { return d < 0; });
  return number_of_heads(positive + negative).test(2 * positive, alternative);
}

Estimate median_estimate(std::span<const double> differences, double alpha) {
  return number_of_heads(std::ssize(differences))
      .estimate({differences.begin(), differences.end()}, alpha);
}

}  // namespace assay
