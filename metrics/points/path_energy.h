// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// |E − W₂²| / W₂² (Tong et al. 2024, sec. 6.1), E the mean energy ∫ ‖dx/dt‖² dt of paths in unit
/// time and W₂ the Wasserstein distance between where they start and the data: 0 if they are the
/// optimal transport. Its standard error is E's alone over W₂². starts, reference: [N,D] f64;
/// energies: [P] f64.
Mean normalised_path_energy(const at::Tensor& energies, const at::Tensor& starts,
                            const at::Tensor& reference);

/// Of inputs.points.path_energies, path_starts and reference. Both sides of W₂ are cut to the same
/// number, normalised_path_energy.points at most, as w2_exact's.
MetricValue compute_normalised_path_energy(const MetricInputs& inputs);

}  // namespace assay
