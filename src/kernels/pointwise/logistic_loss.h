// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

// Of a classifier with two classes, p(true) = sigmoid(logit), and examples of one class. Batched
// over seeds (kernels/runtime/seed_batch.h), of each seed; for f32 on a CPU with vectors its bits
// are then those it has alone.

/// Mean of −log p(truth) over all logits, of any shape and not none: softplus(−logit) if they are
/// of true examples, softplus(logit) if of false ones; NaN where a logit is. 0-dim; differentiable
/// as often as wanted.
at::Tensor logistic_loss(const at::Tensor& logits, bool truth);

/// Share of the logits that are right: above the boundary for true examples, not above it for false
/// ones; a NaN is right for neither. 0-dim f32, without a gradient.
at::Tensor logistic_accuracy(const at::Tensor& logits, bool truth, double boundary = 0.0);

}  // namespace assay
