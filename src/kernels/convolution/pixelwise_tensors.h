// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/convolution/filter_shape.h"

namespace assay {

/// Whether this processor has the kernels and they take a 1×1 convolution of x-sized images
/// [N,I,H,W] to O channels: I and O multiples of 16.
bool pixelwise_suits(at::IntArrayRef x_sizes, std::int64_t out_channels);

// The contractions of convolution_operators.h for 1×1 filters, without a graph: products of
// matrices [N·H·W,I]·[I,O] by Winograd's inner loops, which read pixels where they are. BLAS copies
// them first, which takes it as long again as products of so few channels.
at::Tensor pixelwise_forward(FilterShape shape, const at::Tensor& x, const at::Tensor& w,
                             const at::Tensor& bias);
at::Tensor pixelwise_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w);
at::Tensor pixelwise_filter_gradient(FilterShape shape, const at::Tensor& x, const at::Tensor& y);

}  // namespace assay
