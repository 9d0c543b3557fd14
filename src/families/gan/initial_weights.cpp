// SPDX-License-Identifier: Apache-2.0
#include "families/gan/initial_weights.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/conv.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "nn/blocks/initialise.h"

namespace assay {
namespace {

using torch::nn::Module;

struct Weight {
  std::string name;
  Module& layer;
  at::Tensor value;
  bool last;
};

// Weights have two dimensions or more; one-dimensional parameters are biases and scales.
void draw_each(Module& network, const std::function<void(const Weight&)>& draw) {
  const torch::NoGradGuard no_grad;
  std::vector<Weight> weights;
  for (const auto& layer : network.named_modules()) {
    for (auto& item : layer.value()->named_parameters(/*recurse=*/false)) {
      const at::Tensor& value = item.value();
      if (value.dim() >= 2) {
        weights.push_back({layer.key() + "." + item.key(), *layer.value(), value, false});
      } else {
        value.fill_(item.key().ends_with("weight") ? 1.0 : 0.0);
      }
    }
  }
  if (!weights.empty()) weights.back().last = true;
  for (const auto& weight : weights) draw(weight);
}

void normal(Module& network, double sd, const torch::Generator& generator) {
  initialise_dcgan(network, sd, generator);
}

void truncated_normal(Module& network, double sd, const torch::Generator& generator) {
  constexpr double kBound = 2.0;  // in standard deviations, as TensorFlow's initialiser
  draw_each(network, [&](const Weight& weight) {
    const auto& value = weight.value;
    value.normal_(0.0, sd, generator);
    if (weight.layer.as<torch::nn::Conv2dImpl>() == nullptr) return;
    for (auto far = value.abs() > kBound * sd; far.any().item<bool>();
         far = value.abs() > kBound * sd) {
      value.masked_scatter_(
          far,
          at::empty({far.sum().item<std::int64_t>()}, value.options()).normal_(0.0, sd, generator));
    }
  });
}

void he_uniform(Module& network, double, const torch::Generator& generator) {
  draw_each(network, [&](const Weight& weight) {
    const double in = fan_in(weight.value), out = fan_out(weight.value);
    const double bound = std::sqrt(6.0 / (weight.last ? in + out : in));
    weight.value.uniform_(-bound, bound, generator);
  });
}

void glorot_uniform(Module& network, double, const torch::Generator& generator) {
  draw_each(network, [&](const Weight& weight) {
    const double in = fan_in(weight.value), out = fan_out(weight.value);
    const bool in_branch = weight.name.find(".branch.") != std::string::npos;
    const double bound = (in_branch ? std::numbers::sqrt2 : 1.0) * std::sqrt(6.0 / (in + out));
    weight.value.uniform_(-bound, bound, generator);
  });
}

}  // namespace

const Choices<InitialWeights>& gan_initial_weights() {
  static const Choices<InitialWeights> all = {
      {"normal", {"Radford et al. 2016, sec. 4", normal}},
      {"truncated_normal", {"Lucic et al. 2018", truncated_normal}},
      {"he_uniform", {"Gulrajani et al. 2017", he_uniform}},
      {"glorot_uniform", {"Miyato et al. 2018", glorot_uniform}}};
  return all;
}

}  // namespace assay
