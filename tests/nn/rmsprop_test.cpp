// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/rmsprop.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/rmsprop.h>

namespace assay {
namespace {

void set_gradients(torch::nn::Linear& linear, std::int64_t step) {
  for (auto& parameter : linear->parameters()) {
    const auto ramp = torch::arange(parameter.numel(), torch::kFloat).reshape(parameter.sizes());
    parameter.mutable_grad() = torch::sin(ramp + static_cast<double>(step));
  }
}

TEST(RmsProp, TenStepsEqualTorchs) {
  torch::manual_seed(3);
  torch::nn::Linear ours(3, 2), theirs(3, 2);
  {
    const torch::NoGradGuard no_grad;
    theirs->weight.copy_(ours->weight);
    theirs->bias.copy_(ours->bias);
  }
  RmsProp rule(*ours, {.decay = 0.95, .epsilon = 1e-6, .weight_decay = 0.1});
  torch::optim::RMSprop reference(
      theirs->parameters(),
      torch::optim::RMSpropOptions(0.03).alpha(0.95).eps(1e-6).weight_decay(0.1));
  for (std::int64_t step = 0; step < 10; ++step) {
    set_gradients(ours, step);
    set_gradients(theirs, step);
    rule.step(0.03);
    reference.step();
  }
  EXPECT_LT((ours->weight - theirs->weight).abs().max().item<double>(), 1e-6);
  EXPECT_LT((ours->bias - theirs->bias).abs().max().item<double>(), 1e-6);
}

TEST(RmsProp, FirstStepIsTheRateOverTheRootOfWhatTheMeanSquareTookIn) {
  // v = (1−α) g², so the step is −η sign g / √(1−α): −0.125/√0.25 = −0.25 for α = 0.75.
  torch::nn::Linear linear(2, 1);
  const auto before = linear->weight.detach().clone();
  linear->weight.mutable_grad() = torch::tensor({{4.0f, -0.5f}});
  linear->bias.mutable_grad() = torch::ones({1});
  RmsProp(*linear, {.decay = 0.75}).step(0.125);
  EXPECT_TRUE(torch::allclose(linear->weight, before + torch::tensor({{-0.25f, 0.25f}})));
}

TEST(RmsProp, RefusesAParameterWithoutGradient) {
  torch::nn::Linear linear(2, 1);
  linear->weight.mutable_grad() = torch::ones({1, 2});
  EXPECT_THROW(RmsProp(*linear, {}).step(0.1), c10::Error);
}

}  // namespace
}  // namespace assay
