// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// A mixture of isotropic Gaussians of equal weight, (1/M) Σ_j N(c_j, exp(s_j) I).
struct IsotropicMixture {
  at::Tensor centres;        ///< [M,D] f64
  at::Tensor log_variances;  ///< [M] f64: s_j
};

/// Fits the variances to rows of data as the authors' code of FLD does (github.com/marcojira/fld at
/// ffbbf204): exp(s_j) starts at (squared distance to the nearest row + 10⁻³)/D, then at most 50
/// steps of Adam at rate 0.5 on all rows raise the mean log likelihood over D, with −40 ≤ s_j ≤ 40;
/// they end early once it moves by less than 5·10⁻⁴ in five steps. While fitting, one more Gaussian
/// stands at the rows' mean, with distances × 0.9 and weight 1 beside the 1/M of the others, so
/// that rows far from all centres pull at none.
/// centres [M,D], rows [N,D] f64. Memory: N·M numbers.
IsotropicMixture fit_isotropic_mixture(const at::Tensor& centres, const at::Tensor& rows);

/// −log p(x)/D in nats under the mixture: [T] for rows [T,D].
at::Tensor negative_log_likelihoods(const IsotropicMixture& mixture, const at::Tensor& rows);

struct FldSamples {
  at::Tensor generated, held_out, train;  ///< [N,D], [T,D], [M,D] f64
};

/// Feature likelihood divergence (Jiralerspong et al. 2023):
///   100 · (NLL of held-out rows under a mixture on generated rows − the same on training rows),
/// all features first standardised by the held-out set, both mixtures fitted to training rows. The
/// second has a random half of the training set (as many as there are generated rows at most) for
/// centres and is fitted to the other half; `seed` draws it. Columns that are constant in the
/// held-out set cannot be standardised and are left out. Copies of training rows get tiny variances
/// and an immense score.
///
/// Standard error: over held-out rows; both mixtures count as fixed.
/// Throws Error if no column is left or the training set has fewer than four rows.
Mean feature_likelihood_divergence(const FldSamples& samples, std::uint64_t seed);

MetricValue compute_fld(const MetricInputs& inputs);

}  // namespace assay
