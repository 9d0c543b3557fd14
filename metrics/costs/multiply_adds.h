// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/events.h"
#include "metrics/metric.h"

namespace assay {

/// What a training step multiplies and adds for each of its examples, forward and backward, as
/// counted (kernels/runtime/multiply_adds.h). Exact: without an error. Throws Error if nothing was
/// counted.
MetricValue compute_training_multiply_adds(const MetricInputs& inputs);

/// The same for each sample that was drawn.
MetricValue compute_sampling_multiply_adds(const MetricInputs& inputs);

}  // namespace assay
