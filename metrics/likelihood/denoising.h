// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Of diffusion models: the mean over examples and eight times of the training loss, with the
/// standard error over examples; and how often a sample asked its network, as counted while samples
/// were drawn (1 where one pass draws them), without an error.
/// Of each example the mean over times, [N] f64.
at::Tensor validation_losses(const MetricInputs& inputs);
MetricValue compute_validation_loss(const MetricInputs& inputs);
MetricValue compute_nfe(const MetricInputs& inputs);

}  // namespace assay
