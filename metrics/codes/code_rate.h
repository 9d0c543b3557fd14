// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Numbers of the intervals that a uniform quantiser of width `step` puts codes into: round(z/Δ),
/// so that ΔQ reconstructs them and 0 stays 0. codes: [N,Z]. Returns [N,Z] f64.
at::Tensor quantiser_indices(const at::Tensor& codes, double step);

/// Bits per image of an ideal entropy coder for the indices Q, one for each code unit:
///   1/N Σ_n Σ_j −log₂ p_j(Q_nj) = Σ_j H(Q_j),
/// with p_j the shares of the same N images. Standard error sd/√N over images.
Mean entropy_of_indices(const at::Tensor& indices);

/// The widest step at which decoded codes lose no more than `tolerance` of the squared error that
/// they have anyway. distortions: [K,2] f64 rows (Δ, error): first Δ = 0, then falling steps of
/// which the last is the only one that is fine. Between it and the one before, the error is taken
/// as linear in Δ², as it is for small Δ.
double allowed_step(const at::Tensor& distortions, double tolerance);

/// Rate of a code in bits per image: the entropy of the codes, uniformly quantised (as in Ballé et
/// al. 2017 and Theis et al. 2017, but after training) with the widest step, the same for all
/// units, that raises the squared error of the reconstruction by at most code_rate.tolerance. Takes
/// MetricInputs::code_means and code_distortions.
MetricValue compute_code_rate(const MetricInputs& inputs);

}  // namespace assay
