// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/welch.h"

#include <algorithm>
#include <cmath>

#include "reports/statistics/student.h"
#include "reports/statistics/summary.h"

namespace assay {
namespace {

struct MeanDifference {
  double value = 0.0;
  double standard_error = 0.0;
  double degrees = 0.0;
};

MeanDifference mean_difference(std::span<const double> left, std::span<const double> right) {
  const SeedSummary l = summarise(left);
  const SeedSummary r = summarise(right);
  const auto n = static_cast<double>(l.n);
  const auto m = static_cast<double>(r.n);
  const double left_part = l.sd.value() * *l.sd / n;
  const double right_part = r.sd.value() * *r.sd / m;
  const double sum = left_part + right_part;
  const double share = left_part / sum;  // the parts' own squares may not be doubles
  return {l.mean.value() - r.mean.value(), std::sqrt(sum),
          1.0 / (share * share / (n - 1) + (1.0 - share) * (1.0 - share) / (m - 1))};
}

}  // namespace

std::optional<TestResult> welch_test(std::span<const double> left, std::span<const double> right,
                                     Alternative alternative, double difference) {
  const MeanDifference found = mean_difference(left, right);
  if (found.standard_error == 0.0) return std::nullopt;
  const double t = (found.value - difference) / found.standard_error;
  return TestResult{t, student_t_p(t, found.degrees, alternative), true};
}

Estimate mean_difference_estimate(std::span<const double> left, std::span<const double> right,
                                  double alpha) {
  const MeanDifference found = mean_difference(left, right);
  if (found.standard_error == 0.0) return {found.value, std::nullopt};
  const double half = student_t_quantile(found.degrees, 1.0 - alpha) * found.standard_error;
  return {found.value, Interval{found.value - half, found.value + half, 1.0 - 2.0 * alpha}};
}

}  // namespace assay
