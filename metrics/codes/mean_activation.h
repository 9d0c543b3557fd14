// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Mean of all code units over images, 1/(NZ) Σ_n Σ_j h_nj: what a sparse autoencoder's KL penalty
/// pulls to its target ρ (Ng 2011, CS294A notes, sec. 3). Standard error sd/√N over the images'
/// means. Takes MetricInputs::code_means.
MetricValue compute_mean_activation(const MetricInputs& inputs);

}  // namespace assay
