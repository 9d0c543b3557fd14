// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/rmsprop.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

namespace assay {

RmsProp::RmsProp(torch::nn::Module& module, const RmsPropOptions& options)
    : UpdateRule(module), options_(options), v_(zeros_like_parameters()) {}

void RmsProp::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  auto all_gradients = gradients();
  if (options_.weight_decay > 0.0) {
    all_gradients = at::_foreach_add(all_gradients, parameters_, options_.weight_decay);
  }
  at::_foreach_mul_(v_, options_.decay);
  at::_foreach_addcmul_(v_, all_gradients, all_gradients, 1.0 - options_.decay);
  const auto roots = at::_foreach_sqrt(v_);
  at::_foreach_add_(roots, options_.epsilon);
  at::_foreach_addcdiv_(parameters_, all_gradients, roots, -learning_rate);
}

void RmsProp::visit_state(StateVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    visitor.tensor(prefix + "." + names_[i] + ".v", v_[i], StateKind::kOptimizer);
  }
}

}  // namespace assay
