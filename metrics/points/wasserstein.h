// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// 2-Wasserstein distance between two samples of equal size (Villani 2009, def. 6.1):
///   W₂ = √( min_σ 1/N Σ_i ‖x_i − y_σ(i)‖² )
/// with the exact minimum over permutations. Its standard error is that of the central limit
/// theorem for W₂² (del Barrio & Loubes 2019, thm. 4.1) by the delta method:
///   √( (Var u + Var v)/N ) / (2 W₂),   u, v: the dual potentials of the points;
/// NaN if W₂ = 0, where that theorem says nothing. x, y: [N,D] f64, N ≥ 2.
Mean wasserstein_2(const at::Tensor& x, const at::Tensor& y);

/// Both sides cut to the same number of rows, `most` at most, by a fixed draw without replacement
/// of `seed` and seed + 1.
struct MatchedPoints {
  at::Tensor first, second;
};
MatchedPoints matched_points(const at::Tensor& first, const at::Tensor& second, std::int64_t most,
                             std::uint64_t seed);

/// Between inputs.points.generated and inputs.points.reference. If the sides differ in size or hold
/// more than w2_exact.points, each is cut to the same number by a fixed seeded draw without
/// replacement.
MetricValue compute_w2_exact(const MetricInputs& inputs);

}  // namespace assay
