// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/equalised.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

#include "kernels/convolution/convolution.h"
#include "kernels/convolution/upfirdn2d.h"
#include "kernels/product/linear.h"
#include "nn/blocks/initialise.h"

namespace assay {
namespace {

void draw(torch::nn::Module& layer, const EqualisedOptions& options) {
  const torch::NoGradGuard no_grad;
  auto parameters = layer.named_parameters(/*recurse=*/false);
  parameters["weight"].normal_(0.0, 1.0 / options.rate, construction_generator());
  if (options.bias) parameters["bias"].fill_(options.initial_bias / options.rate);
}

}  // namespace

torch::Tensor of_unit_power(const torch::Tensor& x) {
  return x * (x.square().mean(1, /*keepdim=*/true) + 1e-8).rsqrt();
}

torch::Tensor equalised(const torch::Tensor& weight, double rate) {
  return weight * (rate / std::sqrt(fan_in(weight)));
}

EqualisedLinearImpl::EqualisedLinearImpl(const EqualisedOptions& layer)
    : torch::nn::LinearImpl(torch::nn::LinearOptions(layer.in, layer.out).bias(layer.bias)),
      activation_(layer.activation),
      rate_(layer.rate) {
  draw(*this, layer);
}

torch::Tensor EqualisedLinearImpl::forward(const torch::Tensor& x) {
  const auto shift = bias.defined() && rate_ != 1.0 ? bias * rate_ : bias;
  const auto scaled = equalised(weight, rate_);
  if (activation_ == Activation::kLinear) return assay::linear(x, scaled, shift);
  return bias_activation(assay::linear(x, scaled, torch::Tensor()), shift, activation_);
}

EqualisedConvolutionImpl::EqualisedConvolutionImpl(const EqualisedOptions& layer,
                                                   std::int64_t kernel, bool halves)
    : torch::nn::Conv2dImpl(torch::nn::Conv2dOptions(layer.in, layer.out, kernel).bias(layer.bias)),
      activation_(layer.activation),
      halves_(halves) {
  TORCH_CHECK(kernel == 1 || kernel == 3, "a filter of ", kernel, " pixels, not 1 or 3");
  TORCH_CHECK(layer.rate == 1.0, "a convolution's rate is 1");
  draw(*this, layer);
}

torch::Tensor EqualisedConvolutionImpl::times(const torch::Tensor& x, double gain) {
  const bool single = weight.size(2) == 1;
  auto y = x;
  ConvolutionOptions plain{.stride = 1, .padding = single ? 0 : 1};
  if (halves_) {
    // A single pixel's filter commutes with what is left out.
    y = upfirdn2d(x, binomial_filter(), single ? kDownsampleBy2 : kBlurBeforeStrided3x3);
    plain = {.stride = single ? 1 : 2, .padding = 0};
  }
  y = convolution(y, equalised(weight), {}, plain);
  return bias_activation(y, bias, activation_, gain * default_gain(activation_));
}

}  // namespace assay
