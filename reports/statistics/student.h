// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// Student's (1908) test that values have a mean that differs from `mean`:
///   t = (mean of values − mean) √n / s, n − 1 degrees of freedom.
/// Of paired differences it is the paired test. At least two values; nothing if all are equal.
std::optional<TestResult> t_test(std::span<const double> values, double mean,
                                 Alternative alternative);

/// mean of values ± t_{1−alpha, n−1} s/√n; no interval of fewer than two values.
Estimate mean_estimate(std::span<const double> values, double alpha);

/// Whether one further value may come from where `values` do, if these are normal:
///   t = (value − mean) / (s √(1 + 1/n)), n − 1 degrees of freedom.
/// The interval that does not reject is the prediction band. At least two values; nothing if all
/// are equal.
std::optional<TestResult> prediction_test(std::span<const double> values, double value,
                                          Alternative alternative);

/// P(T <= t), P(T >= t) or twice the smaller one, of Student's t.
double student_t_p(double t, double degrees, Alternative alternative);

}  // namespace assay
