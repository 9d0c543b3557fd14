// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Mean over images of the Frobenius norm of the encoder's Jacobian,
///   1/N Σ_n ‖∂h/∂x‖_F at x_n,   x in [−1,1] (on [0,1] it would be twice that),
/// which says how much a code moves with its image (Rifai et al. 2011, table 1). Standard error
/// sd/√N over images. Takes MetricInputs::jacobian_norms.
MetricValue compute_jacobian_norm(const MetricInputs& inputs);

}  // namespace assay
