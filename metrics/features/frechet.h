// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/features/moments.h"
#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Fréchet distance between the Gaussians of two feature sets (Dowson & Landau 1982; Heusel et al.
/// 2017, eq. 6):
///   ‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½,   Σ with N−1.
/// With factors FᵢᵀFᵢ = Σᵢ the last trace is the sum of the roots of the eigenvalues of the
/// symmetric F₁Σ₂F₁ᵀ, which is exact to the last digits where they are well conditioned, and the
/// nuclear norm of F₁F₂ᵀ, whose singular values lose no digits however singular Σ is: taken where
/// N ≤ D, where a covariance has no accurate Cholesky factor, and where rounding could move the
/// first sum by more than 10⁻¹³ of the traces. Fᵢ is the centred data over √(N−1) where N ≤ D,
/// Σᵢ's Cholesky factor where it is well conditioned, else R of a QR decomposition of the centred
/// data. No ε is added, so identical sets may score −10⁻¹³.
///
/// The standard error is the delta method's: the sample's influence function
///   2(μ₁−μ₂)·(x−μ₁) + ‖x−μ₁‖² − (x−μ₁)ᵀT(x−μ₁),   T the optimal map from Σ₁ to Σ₂,
/// likewise for the other sample, its variance taken over at most 4096 evenly spaced rows. It holds
/// for one model: not for training seeds, nor for the bias of small samples, which both numbers of
/// a comparison must share.
/// generated [N,D], reference [M,D] f32 or f64; N, M ≥ 2; blocks: the arithmetic within blocks of
/// rows (see MomentAccumulator).
Mean frechet_distance(const at::Tensor& generated, const at::Tensor& reference,
                      at::ScalarType blocks = at::kDouble);

/// The same without its standard error.
double frechet_distance_value(const at::Tensor& generated, const at::Tensor& reference);

/// The value from moments alone (where a covariance is near to singular by eigenvalues, to about
/// 10⁻⁷).
double frechet_distance_of_moments(const Moments& a, const Moments& b);

MetricValue compute_fd(const MetricInputs& inputs);

}  // namespace assay
