// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/update_rule.h"

#include <ATen/ATen.h>

namespace assay {

UpdateRule::UpdateRule(torch::nn::Module& module) {
  for (const auto& item : module.named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value());
  }
  TORCH_CHECK(!parameters_.empty(), "an optimizer got a module without parameters");
}

void UpdateRule::zero_grad() {
  for (auto& parameter : parameters_) parameter.mutable_grad().reset();
}

std::vector<torch::Tensor> UpdateRule::gradients() const {
  std::vector<torch::Tensor> all;
  all.reserve(parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    all.push_back(parameters_[i].grad());
    TORCH_CHECK(all.back().defined(), "parameter ", names_[i], " has no gradient");
  }
  return all;
}

std::vector<torch::Tensor> UpdateRule::zeros_like_parameters() const {
  std::vector<torch::Tensor> all;
  all.reserve(parameters_.size());
  for (const auto& parameter : parameters_) all.push_back(at::zeros_like(parameter.detach()));
  return all;
}

}  // namespace assay
