// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace assay {

/// Hedges' (1981) g: the difference of means in pooled standard deviations, without its bias:
///   g = J (mean l − mean r) / s,  s² = ((n−1) s_l² + (m−1) s_r²) / (n+m−2),
///   J = Γ(ν/2) / (√(ν/2) Γ((ν−1)/2)),  ν = n + m − 2.
/// At least two values a side; nothing if no value differs from its side's mean.
std::optional<double> hedges_g(std::span<const double> left, std::span<const double> right);

/// How a two-sided t test of two samples of n values each would do.
struct TestPlan {
  double alpha = 0.05;
  double power = 0.8;  ///< share of the times that the difference is found
};

/// P(the test finds a difference of `effect` standard deviations), by the non-central t of
/// 2n − 2 degrees and non-centrality effect √(n/2). n >= 2.
double power_of(double effect, std::int64_t n, double alpha);

/// The smallest difference, in standard deviations, that n values a side find with that power.
double detectable_effect(std::int64_t n, const TestPlan& plan);

/// Values a side that find a difference of `effect` > 0 standard deviations with that power;
/// nothing beyond `most`.
std::optional<std::int64_t> values_needed(double effect, const TestPlan& plan,
                                          std::int64_t most = 10'000);

}  // namespace assay
