// SPDX-License-Identifier: Apache-2.0
// Unrolled GAN (Metz et al. 2017) on affine networks: what the generator minimises, written out,
// and its slope by finite differences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/families/small_gan.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr double kRate = 0.05;

std::string settings(const std::string& more) {
  return std::string(
             "family = 'gan'\nmodel.network = 'mlp'\nmodel.latent_dim = 3\n"
             "model.generator_widths = []\nmodel.discriminator_widths = []\n"
             "model.initial_sd = 0.5\noptimizer.beta1 = 0.5\noptimizer.beta2 = 0.75\n"
             "optimizer.epsilon = 1e-3\noptimizer.generator_learning_rate = 1e-2\n"
             "optimizer.discriminator_learning_rate = 0.05\n") +
         more;
}

/// The discriminator l = w·x + c as θ = (w₁, w₂, c) in f64, and Adam's moments of it.
struct Discriminator {
  torch::Tensor theta, m, v;
  double step = 0.0;
};

torch::Tensor joined(const State& state, const std::string& prefix, const std::string& suffix) {
  return torch::cat(
             {state.at(prefix + ".weight" + suffix).flatten(), state.at(prefix + ".bias" + suffix)})
      .to(torch::kDouble);
}

Discriminator discriminator_of(const State& state) {
  return {joined(state, "discriminator.1", ""), joined(state, "discriminator_optimizer.1", ".m"),
          joined(state, "discriminator_optimizer.1", ".v"),
          state.at("discriminator_optimizer.step").item<double>()};
}

torch::Tensor with_one(const torch::Tensor& x) {
  return torch::cat({x.to(torch::kDouble), torch::ones({x.size(0), 1}, torch::kDouble)}, 1);
}

// Of −log σ(l_real) − log(1 − σ(l_generated)), means over the batch.
torch::Tensor gradient(const torch::Tensor& theta, const torch::Tensor& real,
                       const torch::Tensor& generated) {
  const auto of = [&](const torch::Tensor& x) { return with_one(x).mv(theta); };
  return (torch::sigmoid(of(generated)).unsqueeze(1) * with_one(generated)).mean(0) -
         (torch::sigmoid(-of(real)).unsqueeze(1) * with_one(real)).mean(0);
}

torch::Tensor unrolled(Discriminator d, int steps, bool adam, const torch::Tensor& real,
                       const torch::Tensor& generated) {
  for (int k = 0; k < steps; ++k) {
    const auto g = gradient(d.theta, real, generated);
    if (!adam) {
      d.theta = d.theta - kRate * g;
      continue;
    }
    d.step += 1.0;
    d.m = 0.5 * d.m + 0.5 * g;
    d.v = 0.75 * d.v + 0.25 * g * g;
    d.theta = d.theta - kRate * d.m / (1.0 - std::pow(0.5, d.step)) /
                            ((d.v / (1.0 - std::pow(0.75, d.step))).sqrt() + 1e-3);
  }
  return d.theta;
}

// −log σ(D^K(G(z))) as a function of G's bias, through the steps too.
double objective(const State& before, const State& after, int steps, bool adam,
                 const torch::Tensor& bias) {
  const auto real = real_points(7).images;
  const auto z = torch::randn({7, 3}, seeded(7)).to(torch::kDouble);
  const auto x = z.mm(before.at("generator.0.weight").to(torch::kDouble).t()) + bias;
  const auto theta = unrolled(discriminator_of(after), steps, adam, real, x);
  return torch::log1p(torch::exp(-with_one(x).mv(theta))).mean().item<double>();
}

TEST(GanUnrolled, TheGeneratorLearnsFromAndThroughStepsThatAreNotMade) {
  for (const bool adam : {false, true}) {
    for (const int steps : {1, 3}) {
      const auto model =
          small_model(settings("objective.unrolled_steps = " + std::to_string(steps) +
                               "\nobjective.unrolled_updates = '" + (adam ? "own" : "sgd") + "'\n"),
                      {2});
      const auto before = copy_of_state(*model);
      const auto logged = logged_by_step(*model, real_points(7));
      const auto after = copy_of_state(*model);
      const auto bias = before.at("generator.0.bias").to(torch::kDouble);
      const auto value = [&](const torch::Tensor& at) {
        return objective(before, after, steps, adam, at);
      };
      EXPECT_NEAR(logged.at("generator_loss"), value(bias), 1e-5) << adam << steps;
      const auto found = after.at("generator_optimizer.0.bias.m") / 0.5;  // 1 − β1
      for (int i = 0; i < 2; ++i) {
        auto nudge = torch::zeros({2}, torch::kDouble);
        nudge[i] = 1e-5;
        const double slope = (value(bias + nudge) - value(bias - nudge)) / 2e-5;
        EXPECT_NEAR(found[i].item<double>(), slope, 1e-4 * (1.0 + std::abs(slope)))
            << adam << steps;
      }
    }
  }
}

TEST(GanUnrolled, TheDiscriminatorIsLeftAsItsOwnStepMadeIt) {
  const auto plain = small_model(settings(""), {2});
  const auto ahead = small_model(settings("objective.unrolled_steps = 3\n"), {2});
  logged_by_step(*plain, real_points(7));
  logged_by_step(*ahead, real_points(7));
  const auto of_plain = copy_of_state(*plain), of_ahead = copy_of_state(*ahead);
  for (const auto& [name, value] : of_plain) {
    if (!name.starts_with("discriminator")) continue;
    EXPECT_TRUE(torch::equal(value, of_ahead.at(name))) << name;
  }
  EXPECT_FALSE(torch::equal(of_plain.at("generator_optimizer.0.bias.m"),
                            of_ahead.at("generator_optimizer.0.bias.m")));
  EXPECT_TRUE(state_of(*ahead).at("discriminator.1.weight").requires_grad());
}

TEST(GanUnrolled, IsRefusedWithWhatItsStepsLeaveOut) {
  const std::string steps = "model.network = 'mlp'\nobjective.unrolled_steps = 2\n";
  EXPECT_EQ(gan_refusal(steps), "");
  EXPECT_THAT(gan_refusal(steps + "objective.r1 = 1"), HasSubstr("without objective.r1"));
  EXPECT_THAT(gan_refusal(steps + "objective.weight_clip = 1"),
              HasSubstr("without objective.weight_clip"));
  EXPECT_THAT(gan_refusal(steps + "model.spectral_norm = true"), HasSubstr("singular vectors"));
  EXPECT_THAT(gan_refusal(steps + "optimizer.gradient_clip = 1"), HasSubstr("are not clipped"));
}

}  // namespace
}  // namespace assay
