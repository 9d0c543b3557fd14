// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// x Wᵀ + b, as at::linear. x: [N,I], weight: [O,I], bias: [O] or undefined. f32 on the CPU goes
/// through loops of our own (kernels/matrix_product.h) up to 2^14 weights, and through BLAS above;
/// batched over seeds (kernels/seed_batch.h), each seed has the bits that it has alone. Those of
/// the loops do not depend on the number of threads. All else goes through LibTorch's operators.
/// Can be differentiated any number of times.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace assay
