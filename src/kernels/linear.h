// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// x Wᵀ + b, as at::linear. x: [N,I], weight: [O,I], bias: [O] or undefined. Batched over seeds
/// (kernels/seed_batch.h) it is one batched product, forward and backward.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace assay
