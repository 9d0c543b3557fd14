// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include "families/trainable.h"

namespace assay {

/// A linear regression that learns to return the batch's first pixel plus noise: small, but it uses
/// every stream.
class ToyModel : public Trainable {
 public:
  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override {
    const auto x = batch.images.flatten(1).to(torch::kFloat32).narrow(1, 0, 4);
    const auto noise = context.noise.normal({x.size(0), 1}, torch::kFloat32);
    const auto loss = (linear_->forward(x) - x.narrow(1, 0, 1) - 0.1 * noise).square().mean();
    linear_->zero_grad();
    loss.backward();
    const torch::NoGradGuard no_grad;
    for (auto& parameter : linear_->parameters()) parameter.sub_(parameter.grad(), 0.1);
    return {{"loss", loss.detach()}};
  }
  void visit_state(StateVisitor& visitor) override { visit_module(visitor, "linear", *linear_); }

 private:
  torch::nn::Linear linear_{4, 1};
};

}  // namespace assay
