// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/convolution/filter_shape.h"

namespace assay {

/// Whether this processor has the kernels (thin_convolution.h) and they take a convolution of
/// x-sized images [N,I,H,W] to O channels: one of I and O at most 4 (I for stride 2), the other a
/// multiple of 16, H and W even for stride 2.
bool thin_suits(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels);

// The contractions of convolution_operators.h by direct sums, without a graph.
at::Tensor thin_forward(FilterShape shape, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias);
at::Tensor thin_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w);
at::Tensor thin_filter_gradient(FilterShape shape, const at::Tensor& x, const at::Tensor& y);

}  // namespace assay
