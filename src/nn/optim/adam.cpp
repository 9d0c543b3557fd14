// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/adam.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <utility>

namespace assay {
namespace {

// √(1 − β2^t). Waits for the device that t is on.
double root_of_correction(double beta2, const torch::Tensor& step) {
  return std::sqrt(1.0 - std::pow(beta2, step.item<double>()));
}

// As the fused kernel, out of ATen's operators. √ has no derivative at 0, where the moments of a
// unit that has never been reached are: kTiny is far below any ε.
class UnrolledAdam : public UnrolledUpdates {
 public:
  UnrolledAdam(const AdamOptions& options, std::vector<torch::Tensor> m,
               std::vector<torch::Tensor> v, double step)
      : options_(options), m_(std::move(m)), v_(std::move(v)), step_(step) {}

  std::vector<torch::Tensor> next(const std::vector<torch::Tensor>& parameters,
                                  const std::vector<torch::Tensor>& gradients,
                                  double learning_rate) override {
    const auto& o = options_;
    step_ += 1.0;
    const double root = std::sqrt(1.0 - std::pow(o.beta2, step_));
    const double epsilon = o.epsilon_hat ? o.epsilon / root : o.epsilon;
    const double rate = learning_rate / (1.0 - std::pow(o.beta1, step_));
    std::vector<torch::Tensor> after;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto& w = parameters[i];
      const auto g = o.decoupled ? gradients[i] : gradients[i] + o.weight_decay * w;
      m_[i] = o.beta1 * m_[i] + (1.0 - o.beta1) * g;
      v_[i] = o.beta2 * v_[i] + (1.0 - o.beta2) * g * g;
      const auto kept = o.decoupled ? (1.0 - learning_rate * o.weight_decay) * w : w;
      after.push_back(kept - rate * m_[i] / ((v_[i] + kTiny).sqrt() / root + epsilon));
    }
    return after;
  }

 private:
  static constexpr double kTiny = 1e-30;
  AdamOptions options_;
  std::vector<torch::Tensor> m_, v_;
  double step_;
};

}  // namespace

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
  const double epsilon = o.epsilon_hat ? o.epsilon / root_of_correction(o.beta2, step_) : o.epsilon;
  if (o.decoupled) {
    at::_fused_adamw_(parameters_, all_gradients, m_, v_, {}, steps, learning_rate, o.beta1,
                      o.beta2, o.weight_decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
  } else {
    at::_fused_adam_(parameters_, all_gradients, m_, v_, {}, steps, learning_rate, o.beta1, o.beta2,
                     o.weight_decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
  }
}

std::unique_ptr<UnrolledUpdates> Adam::unrolled() const {
  return std::make_unique<UnrolledAdam>(options_, m_, v_, step_.item<double>());
}

void Adam::visit_state(StateVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    visitor.tensor(prefix + "." + names_[i] + ".m", m_[i], StateKind::kOptimizer);
    visitor.tensor(prefix + "." + names_[i] + ".v", v_[i], StateKind::kOptimizer);
  }
  visitor.tensor(prefix + ".step", step_, StateKind::kOptimizer);
}

}  // namespace assay
