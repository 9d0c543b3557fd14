// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Squared 2-Wasserstein distance of two samples on a line, ∫ (F⁻¹(t) − G⁻¹(t))² dt: sorted x and y
/// of any sizes, coupled by quantiles exactly. Both ascending and not empty.
double squared_w2_of_sorted(const std::vector<double>& x, const std::vector<double>& y);

/// A Kantorovich potential of that distance at each x, up to a constant: what the distance gains
/// per mass moved there. φ′(t) = 2(t − y) between neighbours in x, y the quantile at their level.
std::vector<double> w2_potential_of_sorted(const std::vector<double>& x,
                                           const std::vector<double>& y);

/// Sliced 2-Wasserstein distance, squared (Bonneel et al. 2015), on the scale of MIND (Berthet et
/// al. 2026, torch-fidelity's `mind`):
///   3D · mean_u W₂²(uᵀx, uᵀy)
/// over `directions` unit vectors u from torch's generator seeded with `seed`, drawn in f32 as
/// torch-fidelity draws them, so equal N gives its value to f32 rounding. Unequal sizes are coupled
/// by quantiles, where torch-fidelity throws rows away. A shift by δ scores about 3‖δ‖².
///
/// Standard error: delta method over the rows, whose influence is the mean potential over
/// directions (del Barrio et al. 2019); directions count as fixed. Where the distributions agree it
/// is too small. generated [N,D], reference [M,D] f64.
Mean sliced_w2(const at::Tensor& generated, const at::Tensor& reference, std::int64_t directions,
               std::uint64_t seed);

MetricValue compute_sliced_w2(const MetricInputs& inputs);

}  // namespace assay
