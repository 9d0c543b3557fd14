// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bias_activation.h"

#include <ATen/ATen.h>

#include <numbers>
#include <vector>

namespace assay {
namespace {

constexpr double kSlope = 0.2;

// [1,C,1,…], as x's dimensions run.
at::Tensor along_channels(const at::Tensor& bias, const at::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = bias.size(0);
  return bias.reshape(shape);
}

}  // namespace

double default_gain(Activation activation) {
  return activation == Activation::kLeakyRelu ? std::numbers::sqrt2 : 1.0;
}

at::Tensor bias_activation(const at::Tensor& x, const at::Tensor& bias, Activation activation,
                           double gain) {
  TORCH_CHECK(x.dim() >= 2, "bias_activation: x is [N,C,…], not ", x.sizes());
  TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == x.size(1)),
              "bias_activation: the bias is [", x.size(1), "], not ", bias.sizes());
  auto y = bias.defined() ? x + along_channels(bias, x) : x;
  if (activation == Activation::kLeakyRelu) y = at::leaky_relu(y, kSlope);
  return gain == 1.0 ? y : y * gain;
}

at::Tensor bias_activation(const at::Tensor& x, const at::Tensor& bias, Activation activation) {
  return bias_activation(x, bias, activation, default_gain(activation));
}

}  // namespace assay
