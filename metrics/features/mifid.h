// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Mean over generated rows of the cosine distance to the nearest reference row (Bai et al. 2021):
/// mean_x min_y 1 − |x·y| / (‖x‖‖y‖). The nearest is found in tiles and its distance taken
/// from the difference of the unit rows, so that a copy is at 0 exactly.
/// generated [N,D], reference [M,D] f64, no row of which is zero.
Mean memorization_distance(const at::Tensor& generated, const at::Tensor& reference);

/// Memorization-informed Fréchet distance (Bai et al. 2021): FD / (m + 10⁻¹⁴) if m < eps,
/// else FD, with m the memorization distance to the reference, which must be the training data.
/// 0 if FD ≤ 10⁻⁸ (as torchmetrics). torchmetrics averages over reference rows instead of generated
/// ones; this follows the paper.
///
/// Standard error: value · (e_FD/FD + e_m/m), the sum and not its root, because both come from the
/// same rows: an upper bound of the delta method. The step at eps is not in it.
MetricValue compute_mifid(const MetricInputs& inputs);

}  // namespace assay
