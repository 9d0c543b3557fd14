// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/initialise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>

namespace assay {
namespace {

// Weights have two dimensions or more; one-dimensional parameters are biases and scales.
void initialise(torch::nn::Module& module, const std::function<void(torch::Tensor&)>& weight,
                const std::function<void(torch::Tensor&)>& scale) {
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    auto& value = item.value();
    if (value.dim() >= 2) {
      weight(value);
    } else if (item.key().ends_with("weight")) {
      scale(value);
    } else {
      value.zero_();
    }
  }
}

}  // namespace

double fan_in(const torch::Tensor& weight) {
  return static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
}

double fan_out(const torch::Tensor& weight) {
  return static_cast<double>(weight.numel()) / static_cast<double>(weight.size(1));
}

void initialise_dcgan(torch::nn::Module& module, double sd, torch::Generator generator) {
  initialise(
      module, [&](torch::Tensor& w) { w.normal_(0.0, sd, generator); },
      [&](torch::Tensor& w) { w.normal_(1.0, sd, generator); });
}

void initialise_kaiming(torch::nn::Module& module, torch::Generator generator) {
  initialise(
      module, [&](torch::Tensor& w) { w.normal_(0.0, std::sqrt(2.0 / fan_in(w)), generator); },
      [](torch::Tensor& w) { w.fill_(1.0); });
}

void initialise_xavier(torch::nn::Module& module, torch::Generator generator) {
  initialise(
      module,
      [&](torch::Tensor& w) {
        const double a = std::sqrt(6.0 / (fan_in(w) + fan_out(w)));
        w.uniform_(-a, a, generator);
      },
      [](torch::Tensor& w) { w.fill_(1.0); });
}

torch::Generator construction_generator() { return at::detail::getDefaultCPUGenerator(); }

KeptConstructionGenerator::KeptConstructionGenerator()
    : generator_(construction_generator()), state_(generator_.get_state()) {}

KeptConstructionGenerator::~KeptConstructionGenerator() { generator_.set_state(state_); }

}  // namespace assay
