// SPDX-License-Identifier: Apache-2.0
// Penalties that have updates of their own.
#include <gtest/gtest.h>

#include <cmath>

#include "families/gan/penalty_step.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

// c = k/(k + 1): 16/17 = .9412, .99^c = .9906; 4/5 = .8, .99^.8 = .9920.
TEST(GanPenaltyStep, CorrectsAdamForTheStepsThatPenaltiesAdd) {
  OptimizerOptions options;
  options.learning_rate.peak = 1.0;
  options.adam.beta1 = 0.0;
  options.adam.beta2 = 0.99;
  const auto of_16 = corrected_for_penalty_steps(options, 16);
  EXPECT_NEAR(of_16.learning_rate.peak, 0.9412, 5e-5);
  EXPECT_NEAR(of_16.adam.beta2, 0.9906, 5e-5);
  EXPECT_EQ(of_16.adam.beta1, 0.0);
  const auto of_4 = corrected_for_penalty_steps(options, 4);
  EXPECT_NEAR(of_4.learning_rate.peak, 0.8, 1e-12);
  EXPECT_NEAR(of_4.adam.beta2, 0.9920, 5e-5);
}

const std::string kApart =
    "objective.r1 = 3\nobjective.penalty_interval = 4\nobjective.penalty_step = 'apart'\n"
    "optimizer.beta1 = 0.6\n";

TEST(GanPenaltyStep, ApartIsAnUpdateByThePenaltyAloneAndAtEveryKth) {
  for (const std::int64_t index : {0, 3, 4, 6}) {
    const auto plain = small_model(std::string(kAffineGan) + "optimizer.beta1 = 0.6\n", {2});
    const auto apart = small_model(kAffineGan + kApart, {2});
    const auto w = copy_of_state(*plain).at("discriminator.1.weight");
    logged_by_step(*plain, real_points(7), index);
    logged_by_step(*apart, real_points(7), index);
    const auto of_plain = copy_of_state(*plain), of_apart = copy_of_state(*apart);
    const auto m = [](const State& state, const std::string& name) {
      return state.at("discriminator_optimizer.1." + name + ".m");
    };
    // m = (1 − β) g, with β' = .6^.8 for .6 where the penalty has steps of its own.
    const double beta = std::pow(0.6, 0.8);
    const auto first = [&](const std::string& name) {
      return m(of_plain, name) / 0.4 * (1 - beta);
    };
    const bool due = index % 4 == 0;
    EXPECT_EQ(of_apart.at("discriminator_optimizer.step").item<double>(), due ? 2.0 : 1.0);
    if (!due) {
      EXPECT_TRUE(torch::allclose(m(of_apart, "weight"), first("weight"), 1e-4, 1e-6)) << index;
      continue;
    }
    // Adam's first update is the rate, .8 of 1e-3, against the gradient's sign.
    const auto moved = w - 0.8e-3 * m(of_plain, "weight").sign();
    // 4 · 3 · w of the weight, at its new place; nothing of the bias.
    const auto weight = beta * first("weight") + (1 - beta) * 12.0 * moved;
    EXPECT_TRUE(torch::allclose(m(of_apart, "weight"), weight, 1e-4, 1e-5)) << index;
    EXPECT_TRUE(torch::allclose(m(of_apart, "bias"), beta * first("bias"), 1e-4, 1e-6)) << index;
  }
}

TEST(GanPenaltyStep, LeavesTheGeneratorsRateAlone) {
  const auto model = small_model(kAffineGan + kApart, {2});
  const auto before = copy_of_state(*model).at("generator.0.bias");
  logged_by_step(*model, real_points(7));
  const auto moved = (copy_of_state(*model).at("generator.0.bias") - before).abs();
  EXPECT_TRUE(torch::allclose(moved, torch::full({2}, 1e-2), 1e-3));
}

TEST(GanPenaltyStep, ApartWithoutAPenaltyIsRefused) {
  EXPECT_NE(gan_refusal("objective.penalty_step = 'apart'\n").find("objective.penalty_step"),
            std::string::npos);
}

}  // namespace
}  // namespace assay
