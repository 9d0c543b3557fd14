// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/adam.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <map>

namespace assay {
namespace {

// A fixed, step-dependent gradient, so that both optimizers see the same inputs.
void set_gradients(torch::nn::Linear& linear, std::int64_t step) {
  for (auto& parameter : linear->parameters()) {
    const auto ramp = torch::arange(parameter.numel(), torch::kFloat).reshape(parameter.sizes());
    parameter.mutable_grad() = torch::sin(ramp + static_cast<double>(step));
  }
}

torch::nn::Linear copy_of(const torch::nn::Linear& other) {
  torch::nn::Linear copy(3, 2);
  const torch::NoGradGuard no_grad;
  copy->weight.copy_(other->weight);
  copy->bias.copy_(other->bias);
  return copy;
}

template <class Optimizer, class Options>
double difference_from_torch(bool decoupled) {
  torch::manual_seed(3);
  torch::nn::Linear ours(3, 2);
  auto theirs = copy_of(ours);
  Adam adam(
      *ours,
      {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1, .decoupled = decoupled});
  Optimizer reference(theirs->parameters(),
                      Options(0.03).betas({0.8, 0.95}).eps(1e-6).weight_decay(0.1));
  for (std::int64_t step = 0; step < 10; ++step) {
    set_gradients(ours, step);
    set_gradients(theirs, step);
    adam.step(0.03);
    reference.step();
  }
  return (ours->weight - theirs->weight).abs().max().template item<double>() +
         (ours->bias - theirs->bias).abs().max().template item<double>();
}

TEST(Adam, TenStepsEqualTorchsAdam) {
  EXPECT_LT((difference_from_torch<torch::optim::Adam, torch::optim::AdamOptions>(false)), 1e-6);
}

TEST(Adam, TenStepsEqualTorchsAdamWWhenDecoupled) {
  EXPECT_LT((difference_from_torch<torch::optim::AdamW, torch::optim::AdamWOptions>(true)), 1e-6);
}

TEST(Adam, FirstStepMovesEachWeightByTheLearningRateAgainstItsGradientsSign) {
  // t = 1: m/(1−β1) = g and v/(1−β2) = g², so the step is −η g/(|g| + ε) = −η sign g.
  torch::nn::Linear linear(2, 1);
  const auto before = linear->weight.detach().clone();
  linear->weight.mutable_grad() = torch::tensor({{2.5f, -0.01f}});
  linear->bias.mutable_grad() = torch::tensor({4.0f});
  Adam(*linear, {}).step(0.125);
  EXPECT_TRUE(torch::allclose(linear->weight, before + torch::tensor({{-0.125f, 0.125f}}),
                              /*rtol=*/0, /*atol=*/1e-6));
}

// From m = v = 0, m = (1−β1) g and v = (1−β2) g²: η √(1−β2)/(1−β1) · m / (√v + ε) is
// η √(1−β2) g / (√(1−β2) |g| + ε); at the second of two equal steps 1−β² stands for 1−β.
TEST(Adam, AddsEpsilonBeforeTheBiasIsCorrectedIfToldTo) {
  const double g = 0.01, epsilon = 0.1, beta2 = 0.75, rate = 0.5;
  double expected = 0.0;
  for (const double correction : {1.0 - beta2, 1.0 - beta2 * beta2}) {
    const double root = std::sqrt(correction);
    expected -= rate * root * g / (root * g + epsilon);
  }
  for (const bool decoupled : {false, true}) {
    torch::nn::Linear linear(torch::nn::LinearOptions(1, 1).bias(false));
    const double before = linear->weight.item<double>();
    Adam adam(*linear, {.beta1 = 0.8,
                        .beta2 = beta2,
                        .epsilon = epsilon,
                        .epsilon_hat = true,
                        .decoupled = decoupled});
    for (int step = 0; step < 2; ++step) {
      linear->weight.mutable_grad() = torch::full({1, 1}, g);
      adam.step(rate);
    }
    EXPECT_NEAR(linear->weight.item<double>() - before, expected, 1e-6);
  }
}

TEST(Adam, RefusesAParameterWithoutGradient) {
  torch::nn::Linear linear(2, 1);
  linear->weight.mutable_grad() = torch::ones({1, 2});
  EXPECT_THROW(Adam(*linear, {}).step(0.1), c10::Error);
}

struct Recorder : StateVisitor {
  void tensor(const std::string& name, torch::Tensor& value, StateKind kind) override {
    EXPECT_EQ(kind, StateKind::kOptimizer);
    EXPECT_TRUE(seen.emplace(name, value).second) << name;
  }
  std::map<std::string, torch::Tensor> seen;
};

TEST(Adam, ContinuesBitEqualFromItsVisitedState) {
  torch::manual_seed(3);
  torch::nn::Linear first(3, 2);
  Adam original(*first, {});
  for (std::int64_t step = 0; step < 3; ++step) {
    set_gradients(first, step);
    original.step(0.01);
  }
  auto second = copy_of(first);
  Adam restored(*second, {});
  Recorder from, to;
  original.visit_state(from, "adam");
  restored.visit_state(to, "adam");
  ASSERT_EQ(from.seen.size(), 5u);  // m and v of weight and bias, and the step
  for (auto& [name, value] : to.seen) value.copy_(from.seen.at(name));
  set_gradients(first, 3);
  set_gradients(second, 3);
  original.step(0.01);
  restored.step(0.01);
  EXPECT_TRUE(torch::equal(first->weight, second->weight));
}

}  // namespace
}  // namespace assay
