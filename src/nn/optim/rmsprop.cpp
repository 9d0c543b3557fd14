// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/rmsprop.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <utility>

namespace assay {
namespace {

// √ has no derivative at 0, where the mean square of a unit that has never been reached is: kTiny
// is far below any ε.
class UnrolledRmsProp : public UnrolledUpdates {
 public:
  UnrolledRmsProp(const RmsPropOptions& options, std::vector<torch::Tensor> v)
      : options_(options), v_(std::move(v)) {}

  std::vector<torch::Tensor> next(const std::vector<torch::Tensor>& parameters,
                                  const std::vector<torch::Tensor>& gradients,
                                  double learning_rate) override {
    const auto& o = options_;
    std::vector<torch::Tensor> after;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto g = gradients[i] + o.weight_decay * parameters[i];
      v_[i] = o.decay * v_[i] + (1.0 - o.decay) * g * g;
      after.push_back(parameters[i] - learning_rate * g / ((v_[i] + kTiny).sqrt() + o.epsilon));
    }
    return after;
  }

 private:
  static constexpr double kTiny = 1e-30;
  RmsPropOptions options_;
  std::vector<torch::Tensor> v_;
};

}  // namespace

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

std::unique_ptr<UnrolledUpdates> RmsProp::unrolled() const {
  return std::make_unique<UnrolledRmsProp>(options_, v_);
}

void RmsProp::visit_state(StateVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    visitor.tensor(prefix + "." + names_[i] + ".v", v_[i], StateKind::kOptimizer);
  }
}

}  // namespace assay
