// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// Sign test (Arbuthnot 1710; Dixon & Mood 1946) that paired differences d_i have the median 0:
///   S = #{d_i > 0} ~ Binomial(n, 1/2), n = #{d_i ≠ 0},
/// always exact. kLess would show that the median lies below 0. With no difference but 0, p = 1.
TestResult sign_test(std::span<const double> differences, Alternative alternative);

/// Median of the differences with the interval that inverts the sign test: order statistics
/// d_(c), d_(n+1−c) with P(Binomial(n, 1/2) <= c − 1) <= alpha, n counting all differences: exact
/// without zeros, which the test leaves out. At least one difference.
Estimate median_estimate(std::span<const double> differences, double alpha);

}  // namespace assay
