// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/adam.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

namespace assay {

Adam::Adam(torch::nn::Module& module, const AdamOptions& options)
    : UpdateRule(module),
      options_(options),
      m_(zeros_like_parameters()),
      v_(zeros_like_parameters()),
      step_(at::zeros({}, parameters_.front().options().dtype(at::kFloat).requires_grad(false))) {}

void Adam::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  const auto all_gradients = gradients();
  step_.add_(1.0);
  const std::vector<torch::Tensor> steps(parameters_.size(), step_);
  const auto& o = options_;
  if (o.decoupled) {
    at::_fused_adamw_(parameters_, all_gradients, m_, v_, {}, steps, learning_rate, o.beta1,
                      o.beta2, o.weight_decay, o.epsilon, /*amsgrad=*/false, /*maximize=*/false);
  } else {
    at::_fused_adam_(parameters_, all_gradients, m_, v_, {}, steps, learning_rate, o.beta1, o.beta2,
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
