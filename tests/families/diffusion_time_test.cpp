// SPDX-License-Identifier: Apache-2.0
// Timesteps drawn by the losses of training so far (Nichol & Dhariwal 2021, sec. 3.3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "core/error.h"
#include "families/diffusion/loss_history.h"
#include "families/diffusion/noise_schedule.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

constexpr int64_t kTimesteps = 4;

State state_of(LossHistory& history) {
  struct Recorder : StateVisitor {
    void tensor(const std::string& name, Tensor& value, StateKind kind) override {
      EXPECT_EQ(kind, StateKind::kBuffer);
      values[name] = value;
    }
    State values;
  } recorder;
  history.visit_state(recorder, "history");
  return recorder.values;
}

void add(LossHistory& history, const std::vector<double>& timesteps,
         const std::vector<double>& losses) {
  const auto row = [](const std::vector<double>& values) {
    return torch::tensor(c10::ArrayRef<double>(values), torch::kDouble);
  };
  history.add(row(timesteps) / kTimesteps, row(losses).to(torch::kFloat));
}

// Ten losses of each timestep: all 3, 4 and 0, and 1 … 10 of the last one after 5 older ones.
LossHistory warm() {
  LossHistory history(kTimesteps, torch::kCPU);
  for (int k = 0; k < 10; ++k) add(history, {0, 1, 2}, {3.0, 4.0, 0.0});
  for (int k = -4; k <= 10; ++k) add(history, {3}, {static_cast<double>(k)});
  return history;
}

// √E[L²] of 3, 4, 0 and √38.5 by hand, and a thousandth of the uniform distribution.
std::vector<double> right_distribution() {
  const double root = std::sqrt(38.5), sum = 3.0 + 4.0 + root;
  const auto mixed = [&](double of) { return 0.999 * of / sum + 0.001 / 4.0; };
  return {mixed(3.0), mixed(4.0), mixed(0.0), mixed(root)};
}

TEST(LossHistory, DrawsByTheRootOfTheMeanSquareOfTheLastTenLosses) {
  auto history = warm();
  const auto losses = state_of(history).at("history.losses");
  const auto p = second_moment_distribution(losses);
  const auto right = right_distribution();
  for (int64_t i = 0; i < kTimesteps; ++i) {
    EXPECT_NEAR(p[i].item<double>(), right[static_cast<std::size_t>(i)], 1e-12) << i;
  }
  constexpr int64_t kDraws = 200000;
  const auto drawn = history.draw(kDraws, seeded(1), torch::kFloat);
  for (int64_t i = 0; i < kTimesteps; ++i) {
    const double of = right[static_cast<std::size_t>(i)];
    const auto here = (drawn.t * kTimesteps - static_cast<double>(i)).abs() < 1e-9;
    const double sd = std::sqrt(of * (1.0 - of) / kDraws);
    EXPECT_NEAR(here.to(torch::kDouble).mean().item<double>(), of, 5.0 * sd) << i;
    const auto weights = drawn.weight.masked_select(here);
    EXPECT_TRUE(torch::allclose(weights, torch::full_like(weights, 1.0 / (4.0 * of)))) << i;
  }
}

TEST(LossHistory, AWeighedLossKeepsItsMean) {
  // E_p[f(t)/(T p_t)] = Σ_t f(t)/T, of an f that is large where p is least.
  const auto history = warm();
  const auto f = torch::tensor({2.0, -1.0, 0.5, 7.0}, torch::kDouble);
  constexpr int64_t kDraws = 400000;
  const auto drawn = history.draw(kDraws, seeded(2), torch::kFloat);
  const auto i = (drawn.t * kTimesteps).round().to(torch::kLong);
  const auto values = f.index_select(0, i) * drawn.weight;
  const double error = values.std().item<double>() / std::sqrt(static_cast<double>(kDraws));
  EXPECT_NEAR(values.mean().item<double>(), f.mean().item<double>(), 5.0 * error);
}

TEST(LossHistory, IsUniformUntilEveryTimestepHasTen) {
  LossHistory history(kTimesteps, torch::kCPU);
  const auto uniform = [&] {
    const auto drawn = history.draw(1000, seeded(3), torch::kFloat);
    const auto u = torch::rand({1000}, seeded(3), torch::kDouble);
    EXPECT_TRUE(torch::equal(drawn.weight, torch::ones({1000})));
    return torch::equal(drawn.t, (u * kTimesteps).floor() / kTimesteps);
  };
  EXPECT_TRUE(uniform());
  for (int k = 0; k < 9; ++k) add(history, {0, 1, 2, 3}, {1.0, 2.0, 3.0, 4.0});
  add(history, {0, 1, 2}, {1.0, 2.0, 3.0});
  EXPECT_TRUE(uniform());
  add(history, {3}, {4.0});
  const auto drawn = history.draw(1000, seeded(3), torch::kFloat);
  EXPECT_FALSE(torch::equal(drawn.weight, torch::ones({1000})));
}

TEST(LossHistory, TakesABatchInOrderAndTheOldestMakesRoom) {
  LossHistory history(kTimesteps, torch::kCPU);
  add(history, {2, 2, 0, 2}, {1.0, 2.0, 9.0, 3.0});
  auto losses = state_of(history).at("history.losses");
  EXPECT_TRUE(
      torch::equal(losses[2].slice(0, 0, 4), torch::tensor({1.0, 2.0, 3.0, 0.0}, torch::kDouble)));
  EXPECT_TRUE(torch::equal(state_of(history).at("history.counts"),
                           torch::tensor({1, 0, 3, 0}, torch::kLong)));
  add(history, std::vector<double>(9, 2.0), {4, 5, 6, 7, 8, 9, 10, 11, 12});
  EXPECT_TRUE(torch::equal(losses[2], torch::arange(3, 13).to(torch::kDouble)));
}

const std::string kToml =
    "family = 'diffusion'\nmodel.network = 'mlp'\nmodel.hidden_widths = [8]\n"
    "objective.timesteps = 4\nobjective.schedule = 'cosine'\nsampler.steps = 4\n"
    "objective.time_sampling = 'loss_second_moment'\n";

// The step draws, weighs and remembers: a network that says .3 whatever it sees, by hand.
TEST(LossHistory, TheStepWeighsWhatItDrawsAndRemembersTheLossUnweighed) {
  const auto model = small_model(kToml, {2});
  auto state = assay::state_of(*model);
  {
    const torch::NoGradGuard no_grad;
    state.at("network.layer1.weight").zero_();
    state.at("network.layer1.bias").fill_(0.3);
    auto history = warm();
    for (const auto& [name, value] : state_of(history)) state.at(name).copy_(value);
  }
  const Batch batch{torch::randn({6, 2}, seeded(5)), {}};
  const auto noise = seeded(7);
  const auto u = torch::rand({6}, noise, torch::kDouble);
  const auto eps = torch::randn({6, 2}, noise);
  const auto p = right_distribution();
  double loss = 0.0;
  auto right = state.at("history.losses").clone();
  for (int64_t example = 0; example < 6; ++example) {
    std::size_t t = 0;
    for (double below = p[0]; below <= u[example].item<double>(); below += p[++t]) {
    }
    const double own = (eps[example] - 0.3).square().mean().item<double>();
    loss += own / (4.0 * p[t]) / 6.0;
    auto row = right[static_cast<int64_t>(t)];
    row.copy_(torch::cat({row.slice(0, 1), torch::tensor({own}, torch::kDouble)}).clone());
  }
  EXPECT_NEAR(logged_by_step(*model, batch).at("loss"), loss, 1e-5 * loss);
  EXPECT_TRUE(torch::allclose(state.at("history.losses"), right, 1e-5, 1e-7));
}

TEST(LossHistory, OfAHybridLossHoldsTheBoundsShare) {
  const auto model = small_model(
      "family = 'diffusion'\nmodel.base_channels = 8\nmodel.multipliers = [1]\n"
      "model.groups = 4\nobjective.timesteps = 4\nobjective.schedule = 'cosine'\n"
      "sampler.steps = 4\nsampler.name = 'ancestral'\nobjective.learned_variance = true\n"
      "objective.vlb_weight = 2.0\nobjective.time_sampling = 'loss_second_moment'\n",
      {1, 8, 8});
  const Batch batch{torch::rand({1, 1, 8, 8}, seeded(5)) * 2.0 - 1.0, {}};
  const auto logged = logged_by_step(*model, batch);
  const auto losses = assay::state_of(*model).at("history.losses");
  const double right = logged.at("loss") + 2.0 * logged.at("vlb");
  EXPECT_NEAR(losses.sum().item<double>(), right, 1e-5 * std::abs(right));
}

TEST(LossHistory, IsRefusedWithoutAGrid) {
  try {
    small_model("family = 'diffusion'\nobjective.time_sampling = 'loss_second_moment'\n",
                {1, 8, 8});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("\"loss_second_moment\" remembers the losses of "
                                                 "a grid's timesteps; set objective.timesteps"));
  }
}

}  // namespace
}  // namespace assay
