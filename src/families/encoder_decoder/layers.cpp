// SPDX-License-Identifier: Apache-2.0
#include "families/encoder_decoder/layers.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>

#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"

namespace assay::layers {

void activation(Sequential& layers, Nonlinearity nonlinearity) {
  switch (nonlinearity) {
    case Nonlinearity::kRelu:
      layers->push_back(torch::nn::ReLU());
      break;
    case Nonlinearity::kTanh:
      layers->push_back(torch::nn::Tanh());
      break;
    case Nonlinearity::kSigmoid:
      layers->push_back(torch::nn::Sigmoid());
      break;
    case Nonlinearity::kSilu:
      layers->push_back(torch::nn::SiLU());
      break;
    case Nonlinearity::kNone:
      break;
  }
}

void linear(Sequential& layers, const std::vector<std::int64_t>& widths,
            Nonlinearity nonlinearity) {
  for (std::size_t i = 1; i < widths.size(); ++i) {
    layers->push_back(Linear(widths[i - 1], widths[i]));
    if (i + 1 < widths.size()) activation(layers, nonlinearity);
  }
}

void conv(Sequential& layers, std::int64_t in, std::int64_t out, std::int64_t kernel,
          std::int64_t stride, std::int64_t padding) {
  layers->push_back(
      Convolution(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding)));
}

void widen(Sequential& layers, std::int64_t in, std::int64_t out) {
  layers->push_back(
      TransposedConvolution(torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1)));
}

void group_norm(Sequential& layers, std::int64_t channels) {
  layers->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(kGroups, channels)));
}

void unflatten(Sequential& layers, std::vector<std::int64_t> shape) {
  layers->push_back(torch::nn::Unflatten(torch::nn::UnflattenOptions(1, std::move(shape))));
}

std::vector<std::int64_t> widths(std::int64_t first, const std::vector<std::int64_t>& middle,
                                 std::int64_t last) {
  std::vector<std::int64_t> all = {first};
  all.insert(all.end(), middle.begin(), middle.end());
  all.push_back(last);
  return all;
}

std::vector<std::int64_t> reversed(std::vector<std::int64_t> values) {
  std::reverse(values.begin(), values.end());
  return values;
}

}  // namespace assay::layers
