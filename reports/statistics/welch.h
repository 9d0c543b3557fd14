// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// Welch's (1947) test that two samples of unequal variance have means that differ by `difference`:
///   t = (mean l − mean r − difference) / se,  se² = s_l²/n + s_r²/m,
/// with Student's t of se⁴ / ((s_l²/n)²/(n−1) + (s_r²/m)²/(m−1)) degrees of freedom (Satterthwaite
/// 1946). Variances divide by n − 1; at least two values a side. Nothing if no value differs from
/// its side's mean: then t does not exist.
std::optional<TestResult> welch_test(std::span<const double> left, std::span<const double> right,
                                     Alternative alternative, double difference = 0.0);

/// mean left − mean right ± t_{1−alpha} se; no interval where welch_test gives nothing.
Estimate mean_difference_estimate(std::span<const double> left, std::span<const double> right,
                                  double alpha);

}  // namespace assay
