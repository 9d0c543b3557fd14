// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/adam.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

namespace assay {

Adam::Adam(torch::nn::Module& module, const AdamOptions& options) : options_(options) {
  for (const auto& item : module.named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value());
    m_.push_back(at::zeros_like(item.value().detach()));
    v_.push_back(at::zeros_like(item.value().detach()));
  }
  TORCH_CHECK(!parameters_.empty(), "Adam got a module without parameters");
  step_ = at::zeros({}, parameters_.front().options().dtype(at::kFloat).requires_grad(false));
}

void Adam::zero_grad() {
  for (auto& parameter : parameters_) parameter.mutable_grad().reset();
}

void Adam::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  gradients.reserve(parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    gradients.push_back(parameters_[i].grad());
    TORCH_CHECK(gradients.back().defined(), "parameter ", names_[i], " has no gradient");
  }
  step_.add_(1.0);
  const std::vector<torch::Tensor> steps(parameters_.size(), step_);
  const auto& o = options_;
  if (o.decoupled) {
    at::_fused_adamw_(parameters_, gradients, m_, v_, {}, steps, learning_rate, o.beta1, o.beta2,
                      o.weight_decay, o.epsilon, /*amsgrad=*/false, /*maximize=*/false);
  } else {
    at::_fused_adam_(parameters_, gradients, m_, v_, {}, steps, learning_rate, o.beta1, o.beta2,
                     o.weight_decay, o.epsilon, /*amsgrad=*/false, /*maximize=*/false);
  }
}

void Adam::visit_state(StateVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    visitor.tensor(prefix + "." + names_[i] + ".m", m_[i], StateKind::kOptimizer);
    visitor.tensor(prefix + "." + names_[i] + ".v", v_[i], StateKind::kOptimizer);
  }
  visitor.tensor(prefix + ".step", step_, StateKind::kOptimizer);
}

}  // namespace assay
