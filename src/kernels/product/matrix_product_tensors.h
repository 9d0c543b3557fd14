// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/product/matrix_product.h"

namespace assay {

// The products of a linear layer by matrix_product.h, for one seed or for a stack of S seeds:
// x [N,I] or [S,N,I], weight [O,I] or [S,O,I], bias [O], [S,O] or undefined, y [N,O] or [S,N,O].
// All are contiguous f32 on the CPU.

/// Whether the functions below take these tensors once they are contiguous.
bool matrix_products_suit(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// x Wᵀ + b.
at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
/// y W: the gradient by x, of a gradient y.
at::Tensor linear_input_gradient(const at::Tensor& y, const at::Tensor& weight);
/// yᵀ x: that by the weight.
at::Tensor linear_weight_gradient(const at::Tensor& y, const at::Tensor& x);
/// yᵀ 1: that by the bias.
at::Tensor linear_bias_gradient(const at::Tensor& y);

/// Whether LibTorch's BLAS computes with half of this processor's vectors: MKL keeps to 256 bits on
/// AMD's, which have 512 since Zen 5.
bool blas_uses_half_vectors();

/// Whether the products of a layer with that many weights are done by loops of our own; those of
/// others are by LibTorch's BLAS, which is faster there.
bool multiplies_by_loops(std::int64_t weights);

/// One product of such a layer, either way; that by loops in the calling thread alone.
void multiply(const MatrixProduct& product, std::int64_t weights);

/// c = a b of f32 matrices on the CPU, with any strides: by loops, in the calling
/// thread alone, where blas_uses_half_vectors(), else by LibTorch's BLAS. Throws c10::Error for
/// other tensors and sizes.
void multiply_matrices(const at::Tensor& a, const at::Tensor& b, at::Tensor& c);

}  // namespace assay
