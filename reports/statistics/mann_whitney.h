// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// Values on each side up to which the Mann–Whitney test is exact.
inline constexpr std::int64_t kMostExactValues = 50;

/// Rank-sum test (Wilcoxon 1945; Mann & Whitney 1947) of two independent samples:
///   U = #{left_i > right_j} + ½ #{left_i = right_j}.
/// Up to 50 values a side p is exact given the ranks, ties included: every choice of which values
/// are left is equally likely. Beyond, z = (U − nm/2 ∓ 1/2) / sd with
/// sd² = nm/12 · (N + 1 − Σ(t³−t)/(N(N−1))), N = n + m, is taken as normal. kLess would show that
/// left tends to be lower. At least one value a side.
TestResult mann_whitney_test(std::span<const double> left, std::span<const double> right,
                             Alternative alternative);

/// Hodges & Lehmann's (1963) shift: the median of left_i − right_j, with the interval of their
/// order statistics that inverts the Mann–Whitney test (exact without ties, else approximate).
Estimate shift_estimate(std::span<const double> left, std::span<const double> right, double alpha);

}  // namespace assay
