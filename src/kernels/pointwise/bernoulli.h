// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// −log p(x) of independent Bernoulli pixels per image, in nats:
///   Σ_i max(l_i, 0) − l_i x_i + log(1 + e^{−|l_i|}),  p_i = sigmoid(l_i).
/// x in [0,1] and logits l: [N,…] of one shape. Returns [N]. f32 on the CPU goes through one fused
/// pass each way, whose bits do not depend on the number of threads; all else through LibTorch's
/// operators. Can be differentiated any number of times.
at::Tensor bernoulli_cross_entropy(const at::Tensor& x, const at::Tensor& logits);

}  // namespace assay
