// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace assay {

/// One sample of a Fréchet distance: factorᵀ·factor = Σ.
struct FactoredSample {
  at::Tensor rows;        ///< [N,D] as given
  at::Tensor mean;        ///< [D] f64
  at::Tensor factor;      ///< [R,D]; upper triangular if it is Cholesky's
  at::Tensor covariance;  ///< [D,D] where the factor is Cholesky's
  bool direct = false;    ///< the factor is the centred rows / √(N−1) themselves
  double trace = 0.0;

  double degrees_of_freedom() const { return static_cast<double>(rows.size(0) - 1); }
};

/// rows: [N,D] f32 or f64, N ≥ 2; blocks: see MomentAccumulator.
FactoredSample factor_sample(const at::Tensor& rows, at::ScalarType blocks = at::kDouble);

/// tr (Σ₁Σ₂)^½ from the eigenvalues of F₁Σ₂F₁ᵀ (factor: upper triangular); nothing if their
/// rounding could move it by more than 10⁻¹³ of `traces`.
std::optional<double> root_trace_by_eigenvalues(const at::Tensor& factor,
                                                const at::Tensor& covariance, double traces);

/// ‖v‖², by one thread.
double squared_length(const at::Tensor& vector);

/// The Fréchet distance of two factored samples (see frechet.h).
double frechet_distance_of_factors(const FactoredSample& a, const FactoredSample& b);

}  // namespace assay
