// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "reports/statistics/hypothesis_test.h"

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

}  // namespace assay
