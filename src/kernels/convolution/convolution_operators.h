// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/convolution/filter_shape.h"

namespace assay {

/// Whether kernels of this room take a convolution of x-sized images [N,I,H,W] to O channels:
/// minimal filtering (winograd_tensors.h), direct sums where one side has few channels
/// (thin_tensors.h), or products of matrices (pixelwise_tensors.h).
bool fast_kernels_suit(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels);

// The three contractions of T(x, w, y) = Σ y · conv(x, w). Each is linear in both arguments and the
// derivatives of each are the other two, so that they can be differentiated any number of times.
// x: [N,I,H,W], w: [O,I,r,r], y: [N,O,H',W'], all f32 on the CPU; bias [O] or undefined.

/// ∂T/∂y + bias: the convolution.
at::Tensor fast_forward(FilterShape shape, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias);
/// ∂T/∂x: the transposed convolution.
at::Tensor fast_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w);
/// ∂T/∂w: the weight gradient.
at::Tensor fast_filter_gradient(FilterShape shape, const at::Tensor& x, const at::Tensor& y);

}  // namespace assay
