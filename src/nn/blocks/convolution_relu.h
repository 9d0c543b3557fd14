// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

namespace assay {

/// Height and width.
using Size2d = std::array<std::int64_t, 2>;

struct ConvolutionShape {
  Size2d stride{1, 1};
  Size2d padding{0, 0};
  bool activated = true;  ///< ReLU after it
  /// The input that the weights are packed for, [batch,C,side,side]. Another is computed as well,
  /// but its weights may be packed again at every call.
  std::int64_t batch = 1, side = 0;
};

/// A fixed convolution with bias and ReLU, for inference only. On the CPU in f32 its weights are
/// packed once and ReLU is fused into it (oneDNN); otherwise torch's convolution runs. The two
/// agree up to rounding.
class ConvolutionRelu {
 public:
  ConvolutionRelu() = default;
  /// weight: [O,C,H,W], bias: [O].
  ConvolutionRelu(const at::Tensor& weight, const at::Tensor& bias,
                  const ConvolutionShape& shape = {});

  /// x: [N,C,H,W], best in channels_last, as what it returns.
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  ConvolutionShape shape_;
  at::Tensor weight_, bias_;
  bool packed_ = false;
};

/// Convolutions of one input with kernels of one size, computed as one.
class ParallelConvolutions {
 public:
  ParallelConvolutions() = default;
  ParallelConvolutions(const std::vector<at::Tensor>& weights,
                       const std::vector<at::Tensor>& biases, const ConvolutionShape& shape = {});

  /// The output of each; views of one tensor.
  std::vector<at::Tensor> operator()(const at::Tensor& x) const;

 private:
  ConvolutionRelu joined_;
  std::vector<std::int64_t> channels_;
};

}  // namespace assay
