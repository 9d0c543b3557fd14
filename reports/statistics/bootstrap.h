// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "reports/statistics/hypothesis_test.h"
#include "reports/statistics/summary.h"

namespace assay {

/// Resamples behind a bootstrap interval, and the seed they are drawn with.
inline constexpr std::int64_t kResamples = 10'000;
inline constexpr std::uint64_t kBootstrapSeed = 2020;

/// Efron's (1987) bias-corrected and accelerated bootstrap interval of the mean:
///   ends at the quantiles Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z))), z = Φ⁻¹(alpha) and Φ⁻¹(1 − alpha),
/// of the means of resamples; z₀ from the share of those below the mean (equal ones count half), a
/// from the jackknife's skewness, Σd³ / (6 (Σd²)^{3/2}). At least two values; equal values have
/// that value as both ends. Takes no normality, where Student's does; below ten values it covers
/// less than it says.
Estimate bca_mean_estimate(std::span<const double> values, double alpha,
                           std::int64_t resamples = kResamples,
                           std::uint64_t seed = kBootstrapSeed);

/// From this many values on the bootstrap's interval of a mean is shown in place of Student's.
inline constexpr std::int64_t kBootstrapFrom = 10;

/// The alpha a side at which a bootstrap interval of n values covers as a t-interval does of normal
/// ones: Φ(−√(n/(n − 1)) t_{1−alpha, n−1}), since resamples vary too little, by (n − 1)/n, and as
/// if the spread were known (Hesterberg 2015, sec. 3.1, there of the percentile interval).
double expanded_alpha(std::int64_t n, double alpha);

/// summarise(), from kBootstrapFrom finite values on with the bootstrap's interval at the expanded
/// alpha.
SeedSummary summarise_scores(std::span<const double> values);

}  // namespace assay
