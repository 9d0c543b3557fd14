// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/convolution/filter_shape.h"

namespace assay {

/// Whether this processor has the kernels and a convolution of x-sized images [N,I,H,W] to O
/// channels suits them: I and O multiples of 16, H and W even for stride 2, and at least 1.5 times
/// fewer products than the direct sum takes.
bool winograd_suits(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels);

// The contractions of convolution_operators.h by minimal filtering, without a graph.
at::Tensor winograd_forward(FilterShape shape, const at::Tensor& x, const at::Tensor& w,
                            const at::Tensor& bias);
at::Tensor winograd_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w);
at::Tensor winograd_filter_gradient(FilterShape shape, const at::Tensor& x, const at::Tensor& y);

}  // namespace assay
