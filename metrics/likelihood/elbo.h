// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Mean evidence lower bound in nats per image (Kingma & Welling 2014, eq. 3), as the family
/// computed it; standard error sd/√N over images.
/// Of each example, [N] f64.
at::Tensor elbo_of_examples(const MetricInputs& inputs);
MetricValue compute_elbo(const MetricInputs& inputs);

}  // namespace assay
