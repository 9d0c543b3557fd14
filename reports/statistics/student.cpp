// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/student.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "reports/statistics/summary.h"

namespace assay {

double student_t_p(double t, double degrees, Alternative alternative) {
  const boost::math::students_t student(degrees);
  if (alternative == Alternative::kLess) return cdf(student, t);
  if (alternative == Alternative::kGreater) return cdf(complement(student, t));
  return 2.0 * cdf(student, -std::abs(t));
}

std::optional<TestResult> t_test(std::span<const double> values, double mean,
                                 Alternative alternative) {
  const SeedSummary found = summarise(values);
  if (found.n < 2 || *found.sd == 0.0) return std::nullopt;
  const auto n = static_cast<double>(found.n);
  const double t = (*found.mean - mean) * std::sqrt(n) / *found.sd;
  return TestResult{t, student_t_p(t, n - 1.0, alternative), true};
}

Estimate mean_estimate(std::span<const double> values, double alpha) {
  const SeedSummary found = summarise(values);
  if (found.n < 2) return {found.mean.value(), std::nullopt};
  const auto n = static_cast<double>(found.n);
  const double half = student_t_quantile(n - 1.0, 1.0 - alpha) * *found.sd / std::sqrt(n);
  return {*found.mean, Interval{*found.mean - half, *found.mean + half, 1.0 - 2.0 * alpha}};
}

std::optional<TestResult> prediction_test(std::span<const double> values, double value,
                                          Alternative alternative) {
  const SeedSummary found = summarise(values);
  if (found.n < 2 || *found.sd == 0.0) return std::nullopt;
  const auto n = static_cast<double>(found.n);
  const double t = (value - *found.mean) / (*found.sd * std::sqrt(1.0 + 1.0 / n));
  return TestResult{t, student_t_p(t, n - 1.0, alternative), true};
}

}  // namespace assay
