// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// −log p(x) of inputs.likelihoods.densities, the mean over examples, in nats per example; and the
/// same over D ln 2 in bits per number. Of images an upper bound in expectation, as their 256
/// levels are filled with uniform noise (Theis et al. 2016, eq. 3).
/// Of each example, [N] f64.
at::Tensor ode_nll_of_examples(const MetricInputs& inputs);
MetricValue compute_ode_nll(const MetricInputs& inputs);
MetricValue compute_ode_bits_per_dim(const MetricInputs& inputs);

}  // namespace assay
