// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "kernels/convolution/convolution.h"

namespace assay {

/// Of options of one group, no dilation and zero padding, equal in both directions. Throws
/// c10::Error for others.
ConvolutionOptions plain_options(const torch::nn::detail::ConvNdOptions<2>& options);

/// torch::nn::Conv2d with its parameters and initial values, computed by assay::convolution
/// (kernels/convolution/convolution.h) in the thread's mode. Square filters, no dilation, no
/// groups, zero padding.
class ConvolutionImpl : public torch::nn::Conv2dImpl {
 public:
  /// Throws c10::Error for options beyond these.
  explicit ConvolutionImpl(const torch::nn::Conv2dOptions& options);
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(Convolution);

/// The same for torch::nn::ConvTranspose2d, without output padding.
class TransposedConvolutionImpl : public torch::nn::ConvTranspose2dImpl {
 public:
  explicit TransposedConvolutionImpl(const torch::nn::ConvTranspose2dOptions& options);
  torch::Tensor forward(const torch::Tensor& y);
};
TORCH_MODULE(TransposedConvolution);

/// A 3×3 convolution that keeps the sides (stride 1), or halves them (stride 2).
Convolution conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride = 1);

}  // namespace assay
