// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Importance-weighted bound on the negative log-likelihood in nats per image (Burda, Grosse &
/// Salakhutdinov 2016, eq. 8):
///   −1/N Σ_n log 1/K Σ_k w_nk,   w = p(x,z)/q(z|x),   by log-sum-exp.
/// In expectation never below −log p(x), falling with K towards it; K = 1 gives minus the evidence
/// lower bound. Standard error sd/√N over images. log_weights: [N,K] f64 in nats, N ≥ 2.
Mean iwae_nll(const at::Tensor& log_weights);

/// iwae_nll, and the same in bits per number of an image: nll/(D ln 2), D = data_dimensions. Both
/// throw Error for weights that are absent or not finite.
/// Of each example, [N] f64.
at::Tensor iwae_nll_of_examples(const MetricInputs& inputs);
MetricValue compute_iwae_nll(const MetricInputs& inputs);
MetricValue compute_bits_per_dim(const MetricInputs& inputs);

}  // namespace assay
