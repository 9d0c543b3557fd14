// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace assay {

/// How convolutions are computed on the CPU.
enum class ConvolutionMode {
  kExact,    ///< LibTorch's operators: each output one sum
  kWinograd  ///< kernels of our own where they fit, minimal filtering (winograd.h) above all:
             ///< faster and, there, rounded 6 to 10 times coarser
};

/// Sets the mode of this thread's convolutions while it lives; kExact unless a scope says
/// otherwise. Gradients follow the mode of the forward pass.
class ConvolutionModeScope {
 public:
  explicit ConvolutionModeScope(ConvolutionMode mode);
  ~ConvolutionModeScope();
  ConvolutionModeScope(const ConvolutionModeScope&) = delete;
  ConvolutionModeScope& operator=(const ConvolutionModeScope&) = delete;

 private:
  ConvolutionMode before_;
};

struct ConvolutionOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;
};

/// Cross-correlation at::conv2d(x, weight, bias): x [N,I,H,W], weight [O,I,r,r], bias [O] or
/// undefined. Returns [N,O,H',W'].
///
/// In mode kWinograd, f32 tensors on the CPU take F(4×4,3×3) for 3×3 filters of stride 1 and
/// padding 1, and F(4×4,2×2) on the four phases of x for 4×4 filters of stride 2 and padding 1, if
/// I and O are multiples of 16 and tiles of 4×4 outputs waste little; and direct sums of their own
/// (thin_convolution.h) if one of I and O (I for stride 2) is at most 4 and the other a multiple of
/// 16. 1×1 filters become a product of matrices. Results are then in channels-last order, do not
/// depend on the number of threads, and can be differentiated any number of times. All else goes to
/// LibTorch.
at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvolutionOptions& options);

/// Its adjoint at::conv_transpose2d(y, weight, bias): y [N,O,H',W'], weight [O,I,r,r], bias [I] or
/// undefined. Returns [N,I,H,W], H = (H'−1)·stride − 2·padding + r.
at::Tensor transposed_convolution(const at::Tensor& y, const at::Tensor& weight,
                                  const at::Tensor& bias, const ConvolutionOptions& options);

}  // namespace assay
