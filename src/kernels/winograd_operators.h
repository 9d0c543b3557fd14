// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace assay {

/// The two convolutions that have kernels of their own.
enum class WinogradFilter {
  k3x3,        ///< 3×3, stride 1, padding 1
  k4x4Stride2  ///< 4×4, stride 2, padding 1
};

/// Whether this processor has the kernels and a convolution of x-sized images [N,I,H,W] to O
/// channels suits them: I and O multiples of 16, H and W even for stride 2, and at least 1.5 times
/// fewer products than the direct sum takes.
bool winograd_suits(WinogradFilter filter, at::IntArrayRef x_sizes, std::int64_t out_channels);

// The three contractions of T(x, w, y) = Σ y · conv(x, w). Each is linear in both arguments and the
// derivatives of each are the other two, so that they can be differentiated any number of times.
// x: [N,I,H,W], w: [O,I,r,r], y: [N,O,H',W'], all f32 on the CPU; bias [O] or undefined.

/// ∂T/∂y + bias: the convolution.
at::Tensor winograd_forward(WinogradFilter filter, const at::Tensor& x, const at::Tensor& w,
                            const at::Tensor& bias);
/// ∂T/∂x: the transposed convolution.
at::Tensor winograd_transposed(WinogradFilter filter, const at::Tensor& y, const at::Tensor& w);
/// ∂T/∂w: the weight gradient.
at::Tensor winograd_filter(WinogradFilter filter, const at::Tensor& x, const at::Tensor& y);

}  // namespace assay
