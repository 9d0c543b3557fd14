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

/// The same of paired differences: J mean d / s_d, ν = n − 1. At least two; nothing if they are
/// equal.
std::optional<double> standardised_mean(std::span<const double> differences);

/// n values a side, or n pairs, whose differences are tested. An effect is in standard deviations
/// of the values, or of the differences.
enum class Design { kTwoSides, kPairs };

/// How a two-sided t test of n values each would do.
struct TestPlan {
  double alpha = 0.05;
  double power = 0.8;  ///< share of the times that the difference is found
  Design design = Design::kTwoSides;
};

/// P(the test finds a difference of `effect` standard deviations), by the non-central t of
/// 2n − 2 degrees and non-centrality effect √(n/2), of pairs n − 1 and effect √n. n >= 2.
double power_of(double effect, std::int64_t n, double alpha, Design design = Design::kTwoSides);

/// The smallest difference, in standard deviations, that n values a side, or n pairs, find with
/// that power.
double detectable_effect(std::int64_t n, const TestPlan& plan);

/// Values a side, or pairs, that find a difference of `effect` > 0 standard deviations with that
/// power; nothing beyond `most`.
std::optional<std::int64_t> values_needed(double effect, const TestPlan& plan,
                                          std::int64_t most = 10'000);

}  // namespace assay
