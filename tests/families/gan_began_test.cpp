// SPDX-License-Identifier: Apache-2.0
// BEGAN (Berthelot et al. 2017) on affine networks: D encodes a point by one number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/families/small_gan.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr double kGamma = 0.7, kLambda = 0.25;

std::unique_ptr<Trainable> began() {
  return small_model(
      kAffineGan + std::string("objective.loss = 'began'\nmodel.critic_code_dim = 1\n"
                               "objective.began_gamma = 0.7\n"
                               "objective.began_lambda = 0.25\n"),
      {2});
}

// mean |x − decoded|.
double reconstruction_error(const State& state, const torch::Tensor& x) {
  const auto code = affine(state, "discriminator.0.encoder.1", x);
  return (x - affine(state, "discriminator.0.decoder.0", code)).abs().mean().item<double>();
}

torch::Tensor drawn(const State& state) {
  return affine(state, "generator.0", torch::randn({7, 3}, seeded(7)));
}

TEST(Began, LossesAreReconstructionErrorsHeldInEquilibrium) {
  for (const double k : {0.0, 0.4, 0.99}) {
    const auto model = began();
    {
      const torch::NoGradGuard no_grad;
      state_of(*model).at("equilibrium.k").fill_(k);
    }
    const auto before = copy_of_state(*model);
    const auto real = real_points(7);
    const auto logged = logged_by_step(*model, real);
    const auto after = copy_of_state(*model);
    const double of_real = reconstruction_error(before, real.images);
    const double of_generated = reconstruction_error(before, drawn(before));
    EXPECT_NEAR(logged.at("discriminator_loss"), of_real - k * of_generated, 1e-5);
    EXPECT_NEAR(logged.at("generator_loss"), reconstruction_error(after, drawn(before)), 1e-5);
    const double gap = kGamma * of_real - of_generated;
    EXPECT_NEAR(logged.at("convergence_measure"), of_real + std::abs(gap), 1e-5);
    EXPECT_NEAR(logged.at("equilibrium_k"), k, 1e-6);
    EXPECT_NEAR(after.at("equilibrium.k").item<double>(), std::clamp(k + kLambda * gap, 0.0, 1.0),
                1e-6);
  }
}

// A generator that repeats one point far away: L(G(z)) is large, k falls to 0 and no further. One
// that repeats what D reconstructs: k rises.
TEST(Began, TheEquilibriumMovesAgainstTheGap) {
  for (const double place : {50.0, 0.0}) {
    const auto model = began();
    {
      const torch::NoGradGuard no_grad;
      auto state = state_of(*model);
      state.at("generator.0.weight").zero_();
      state.at("generator.0.bias").fill_(place);
      state.at("equilibrium.k").fill_(0.5);
    }
    logged_by_step(*model, real_points(7));
    const double k = state_of(*model).at("equilibrium.k").item<double>();
    if (place > 0.0) {
      EXPECT_EQ(k, 0.0);
    } else {
      EXPECT_GT(k, 0.5);  // D of zero biases reconstructs the origin
    }
  }
}

TEST(Began, IsRefusedWithWhatNeedsFeaturesOrExamplesAlone) {
  const std::string loss = "objective.loss = 'began'\n";
  EXPECT_EQ(gan_refusal(loss), "");
  EXPECT_THAT(gan_refusal(loss + "objective.feature_matching = 1"),
              HasSubstr("is an autoencoder, which has none"));
  EXPECT_THAT(gan_refusal(loss + "model.condition = 'ac_gan'"), HasSubstr("model.condition needs"));
  EXPECT_THAT(gan_refusal(loss + "objective.r1 = 1"), HasSubstr("batch normalisation"));
}

}  // namespace
}  // namespace assay
