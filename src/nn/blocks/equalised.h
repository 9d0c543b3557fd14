// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "kernels/pointwise/bias_activation.h"

namespace assay {

// Layers with an equalised learning rate (Karras et al. 2018, "Progressive Growing of GANs", sec.
// 4.1): weights start from N(0, 1/μ²) and every forward pass multiplies them by μ/√fan_in, biases
// by μ, so that a step of Adam moves all layers alike, μ times as far. Construction draws the
// weights from the global generator. Outputs are gain · activation(W x + b) (bias_activation.h).

/// w · μ/√fan_in, with fan_in = I·… of a weight [O,I,…].
torch::Tensor equalised(const torch::Tensor& weight, double rate = 1.0);

/// x/√(E x² + 1e-8), the mean over dimension 1 of each example.
torch::Tensor of_unit_power(const torch::Tensor& x);

struct EqualisedOptions {
  std::int64_t in, out;
  Activation activation = Activation::kLinear;
  double rate = 1.0;          ///< μ
  double initial_bias = 0.0;  ///< what the layer adds at first
  bool bias = true;
};

/// torch::nn::Linear's weight [O,I] and bias [O]: [N,I] -> [N,O].
class EqualisedLinearImpl : public torch::nn::LinearImpl {
 public:
  explicit EqualisedLinearImpl(const EqualisedOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  Activation activation_;
  double rate_;
};
TORCH_MODULE(EqualisedLinear);

/// torch::nn::Conv2d's weight [O,I,k,k], k odd, and bias [O]: [N,I,H,W] -> [N,O,H,W]; with
/// `halves` the sides are halved, low-pass filtered before (Zhang 2019; Karras et al. 2019, sec.
/// 2): H and W even.
class EqualisedConvolutionImpl : public torch::nn::Conv2dImpl {
 public:
  EqualisedConvolutionImpl(const EqualisedOptions& options, std::int64_t kernel,
                           bool halves = false);
  torch::Tensor forward(const torch::Tensor& x) { return times(x, 1.0); }
  /// gain · forward(x).
  torch::Tensor times(const torch::Tensor& x, double gain);

 private:
  Activation activation_;
  bool halves_;
};
TORCH_MODULE(EqualisedConvolution);

}  // namespace assay
