// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// Differences up to which the signed-rank test is exact.
inline constexpr std::int64_t kMostExactDifferences = 50;

/// Signed-rank test (Wilcoxon 1945) that paired differences are symmetric about 0:
///   R+ = Σ ranks of |d_i| over d_i > 0,
/// after zeros are dropped (Wilcoxon's own rule; scipy's zero_method "wilcox"); equal |d_i| share
/// their mean rank. Up to 50 differences p is exact given the ranks, ties included: each d_i is
/// positive with probability 1/2. Beyond, z = (R+ − n(n+1)/4 ∓ 1/2) / sd with
/// sd² = n(n+1)(2n+1)/24 − Σ(t³−t)/48 is taken as normal. With no difference but 0, p = 1.
TestResult signed_rank_test(std::span<const double> differences, Alternative alternative);

/// Hodges & Lehmann's (1963) location of the differences: the median of the Walsh averages
/// (d_i + d_j)/2, i <= j, with the interval of their order statistics that inverts the signed-rank
/// test (exact without ties and zeros, else approximate). At least one difference.
Estimate hodges_lehmann_estimate(std::span<const double> differences, double alpha);

}  // namespace assay
