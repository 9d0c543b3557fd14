// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <iterator>
#include <vector>

#include "core/random.h"

namespace assay {
namespace {

// Sorted means of resamples with replacement.
std::vector<double> resampled_means(std::span<const double> values, std::int64_t resamples,
                                    std::uint64_t seed) {
  RandomStream random(seed);
  const auto n = static_cast<double>(values.size());
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (std::int64_t b = 0; b < resamples; ++b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += values[random.below(values.size())];
    }
    means.push_back(sum / n);
  }
  std::ranges::sort(means);
  return means;
}

// Of the means without one value each: d_i = mean of them − the i-th.
double acceleration(std::span<const double> values, double mean) {
  // The mean without x is (n mean − x)/(n − 1), so d is (x − mean)/(n − 1): the scale cancels.
  double squares = 0.0, cubes = 0.0;
  for (const double value : values) {
    const double d = value - mean;
    squares += d * d;
    cubes += d * d * d;
  }
  return cubes / (6.0 * std::pow(squares, 1.5));
}

double quantile_of(const std::vector<double>& sorted, double probability) {
  const double place = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Estimate bca_mean_estimate(std::span<const double> values, double alpha, std::int64_t resamples,
                           std::uint64_t seed) {
  const SeedSummary found = summarise(values);
  const double mean = found.mean.value();
  if (found.sd.value() == 0.0) return {mean, Interval{mean, mean, 1.0 - 2.0 * alpha}};
  const auto means = resampled_means(values, resamples, seed);
  const auto [first, last] = std::equal_range(means.begin(), means.end(), mean);
  const double below =
      static_cast<double>(first - means.begin()) + 0.5 * static_cast<double>(last - first);
  const boost::math::normal normal;
  const double bias = quantile(normal, below / static_cast<double>(resamples));
  const double a = acceleration(values, mean);
  const auto end = [&](double probability) {
    const double z = bias + quantile(normal, probability);
    return quantile_of(means, cdf(normal, bias + z / (1.0 - a * z)));
  };
  return {mean, Interval{end(alpha), end(1.0 - alpha), 1.0 - 2.0 * alpha}};
}

double expanded_alpha(std::int64_t n, double alpha) {
  const auto count = static_cast<double>(n);
  const double t = student_t_quantile(count - 1.0, 1.0 - alpha);
  return cdf(boost::math::normal(), -std::sqrt(count / (count - 1.0)) * t);
}

SeedSummary summarise_scores(std::span<const double> values) {
  constexpr double kSide = 0.025;
  SeedSummary summary = summarise(values);
  if (summary.n < kBootstrapFrom) return summary;
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite),
                       [](double v) { return std::isfinite(v); });
  const Interval interval = *bca_mean_estimate(finite, expanded_alpha(summary.n, kSide)).interval;
  summary.low = interval.low;
  summary.high = interval.high;
  return summary;
}

}  // namespace assay
