// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Var_x(E[z_j|x]) of each code dimension over images (÷N). code_means: [N,Z]. Returns [Z] f64.
at::Tensor variance_of_means(const at::Tensor& code_means);

/// How many dimensions vary with the image by more than active_units.threshold (Burda et al. 2016,
/// sec. 5.2: 0.01); the others have collapsed onto the prior.
MetricValue compute_active_units(const MetricInputs& inputs);

}  // namespace assay
