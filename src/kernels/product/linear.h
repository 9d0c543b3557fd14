// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// x Wᵀ + b, as at::linear. x: [N,I], weight: [O,I], bias: [O] or undefined. f32 on a CPU with
/// vectors goes through loops of our own (kernels/product/matrix_product.h) up to 2^14 weights, on
/// Zen 5 and later always; their bits depend neither on the number of threads nor on whether a seed
/// is alone or batched with others (kernels/runtime/seed_batch.h). Above, it goes through BLAS,
/// seed by seed. All else, other shapes too, goes through LibTorch's operators. Can be
/// differentiated any number of times.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace assay
