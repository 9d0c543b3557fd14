// SPDX-License-Identifier: Apache-2.0
// The step of the GAN itself, on affine networks, whose every number can be written out.
#include <gtest/gtest.h>
#include <torch/nn/functional/activation.h>

#include <cmath>

#include "tests/families/small_gan.h"

namespace assay {
namespace {

constexpr std::int64_t kExamples = 7, kLatents = 3;
constexpr double kGeneratorRate = 1e-2, kDiscriminatorRate = 1e-3;

std::unique_ptr<Trainable> affine_gan(const std::string& more = "") {
  return small_model(kAffineGan + more, {2});
}

// The first and the second draw of latents in a step.
std::pair<torch::Tensor, torch::Tensor> draws() {
  const auto noise = seeded(7);
  const auto first = torch::randn({kExamples, kLatents}, noise);
  return {first, torch::randn({kExamples, kLatents}, noise)};
}

torch::Tensor generated(const State& state, const torch::Tensor& z) {
  return affine(state, "generator.0", z);
}

// −mean log σ(l) and −mean log(1 − σ(l)).
double nats_of_real(const torch::Tensor& l) { return -l.sigmoid().log().mean().item<double>(); }
double nats_of_generated(const torch::Tensor& l) {
  return -(1.0 - l.sigmoid()).log().mean().item<double>();
}

TEST(GanStep, LossesAreThoseOfTheNetworksAsTheyStoodAtEachUpdate) {
  for (const std::string loss : {"non_saturating", "minimax"}) {
    const auto model = affine_gan("objective.loss = '" + loss + "'\n");
    const auto before = copy_of_state(*model);
    const auto logged = logged_by_step(*model, real_points(kExamples));
    const auto drawn = generated(before, draws().first);
    EXPECT_NEAR(logged.at("discriminator_loss"),
                nats_of_real(plain_logits(before, real_points(kExamples).images)) +
                    nats_of_generated(plain_logits(before, drawn)),
                1e-5);
    const auto share = [](const torch::Tensor& right) {
      return right.to(torch::kDouble).mean().item<double>();
    };
    EXPECT_NEAR(logged.at("discriminator_real_accuracy"),
                share(plain_logits(before, real_points(kExamples).images) > 0.0), 1e-6);
    EXPECT_NEAR(logged.at("discriminator_generated_accuracy"),
                share(plain_logits(before, drawn) < 0.0), 1e-6);
    // The discriminator has moved by then; the generator sees the very batch that it judged.
    const auto judged = plain_logits(copy_of_state(*model), drawn);
    EXPECT_NEAR(logged.at("generator_loss"),
                loss == "minimax" ? -nats_of_generated(judged) : nats_of_real(judged), 1e-5)
        << loss;
  }
}

TEST(GanStep, WithSeveralDiscriminatorStepsTheGeneratorLearnsFromFreshLatents) {
  const auto model = affine_gan("objective.discriminator_steps = 2\n");
  const auto before = copy_of_state(*model);
  const auto logged = logged_by_step(*model, real_points(kExamples), 1);
  const auto after = copy_of_state(*model);
  const double fresh = nats_of_real(plain_logits(after, generated(before, draws().second)));
  EXPECT_NEAR(logged.at("generator_loss"), fresh, 1e-5);
  const double stale = nats_of_real(plain_logits(after, generated(before, draws().first)));
  EXPECT_GT(std::abs(fresh - stale), 1e-3);
}

TEST(GanStep, TheGeneratorMovesAtEveryNthStepAlone) {
  const auto model = affine_gan("objective.discriminator_steps = 3\n");
  for (std::int64_t index = 0; index < 6; ++index) {
    const auto before = copy_of_state(*model);
    const auto logged = logged_by_step(*model, real_points(kExamples), index);
    const auto after = copy_of_state(*model);
    const bool due = index % 3 == 2;
    EXPECT_EQ(logged.contains("generator_loss"), due) << index;
    EXPECT_NE(torch::equal(before.at("generator.0.weight"), after.at("generator.0.weight")), due);
    EXPECT_FALSE(
        torch::equal(before.at("discriminator.1.weight"), after.at("discriminator.1.weight")));
  }
}

// Adam's first step is of the learning rate's size, against the sign of the gradient.
TEST(GanStep, EachNetworkDescendsItsOwnLossAtItsOwnRate) {
  for (const std::string loss : {"non_saturating", "minimax"}) {
    const auto model = affine_gan("objective.loss = '" + loss + "'\n");
    const auto before = copy_of_state(*model);
    logged_by_step(*model, real_points(kExamples));
    const auto after = copy_of_state(*model);
    const auto real = real_points(kExamples).images, drawn = generated(before, draws().first);
    // Of −log σ(l_real) − log(1 − σ(l_generated)) by w: −σ(−l_real) x + σ(l_generated) G(z).
    const auto of_weight = (torch::sigmoid(plain_logits(before, drawn)) * drawn -
                            torch::sigmoid(-plain_logits(before, real)) * real)
                               .mean(0, true);
    const auto moved = [&](const char* name) { return after.at(name) - before.at(name); };
    EXPECT_TRUE(torch::allclose(moved("discriminator.1.weight"),
                                -kDiscriminatorRate * of_weight.sign(), 1e-3, 1e-6));
    // Of either generator loss by b: a negative factor times w, so that it climbs D.
    const auto uphill = after.at("discriminator.1.weight").sign().flatten();
    EXPECT_TRUE(torch::allclose(moved("generator.0.bias"), kGeneratorRate * uphill, 1e-3, 1e-6))
        << loss;
  }
}

// From v = 0, RMSProp's first step is η/√(1−α) against the gradient's sign; Adam's is η.
TEST(GanStep, EachNetworkHasAnOptimizerOfItsOwn) {
  const auto model = affine_gan(
      "optimizer.discriminator_name = 'rmsprop'\noptimizer.discriminator_beta2 = 0.75\n"
      "optimizer.epsilon = 1e-12\n");
  const auto before = copy_of_state(*model);
  logged_by_step(*model, real_points(kExamples));
  const auto after = copy_of_state(*model);
  const auto moved = [&](const char* name) { return (after.at(name) - before.at(name)).abs(); };
  EXPECT_TRUE(torch::allclose(moved("discriminator.1.weight"),
                              torch::full({1, 2}, 2.0 * kDiscriminatorRate), 1e-3, 1e-6));
  EXPECT_TRUE(torch::allclose(moved("generator.0.bias"), torch::full({2}, kGeneratorRate), 1e-3));
}

TEST(GanStep, EachNetworkHasMomentsOfItsOwn) {
  // After one step m = (1−β1) g and v = (1−β2) g²: m²/v tells β1 from β2 without knowing g.
  const auto ratio = [](const State& state, const std::string& of) {
    return (state.at(of + ".m").square() / state.at(of + ".v")).mean().item<double>();
  };
  const auto expected = [](double beta1, double beta2) {
    return (1.0 - beta1) * (1.0 - beta1) / (1.0 - beta2);
  };
  const std::string common = "optimizer.beta1 = 0.5\noptimizer.beta2 = 0.75\n";
  for (const std::string network : {"generator", "discriminator"}) {
    const std::string other = network == "generator" ? "discriminator" : "generator";
    const auto model = affine_gan(common + "optimizer." + network + "_beta1 = 0.0\noptimizer." +
                                  network + "_beta2 = 0.9\n");
    logged_by_step(*model, real_points(kExamples));
    const auto state = state_of(*model);
    const auto of = [](const std::string& name) {
      return name + "_optimizer." + (name == "generator" ? "0" : "1") + ".bias";
    };
    EXPECT_NEAR(ratio(state, of(network)), expected(0.0, 0.9), 1e-3) << network;
    EXPECT_NEAR(ratio(state, of(other)), expected(0.5, 0.75), 1e-3) << network;
  }
}

TEST(GanStep, TheAverageFollowsTheGeneratorOnceForEachOfItsUpdates) {
  const auto model =
      affine_gan("objective.discriminator_steps = 2\nema.decay = 0.75\nema.ramp = true\n");
  auto expected = copy_of_state(*model).at("ema.0.weight");
  for (std::int64_t index = 0; index < 4; ++index) {
    logged_by_step(*model, real_points(kExamples), index);
    const auto now = copy_of_state(*model);
    if (index % 2 == 1) {
      const double decay = index == 1 ? 1.0 / 10.0 : 2.0 / 11.0;  // (1 + k)/(10 + k) at its kth
      expected = decay * expected + (1.0 - decay) * now.at("generator.0.weight");
    }
    EXPECT_TRUE(torch::allclose(now.at("ema.0.weight"), expected)) << index;
  }
}

TEST(GanStep, AHalfLifeCountsTheImagesOfAllStepsOfTheDiscriminator) {
  const auto model = affine_gan(
      "train.batch_size = 7\nobjective.discriminator_steps = 2\n"
      "ema.half_life_images = 14\n");
  auto expected = copy_of_state(*model).at("ema.0.weight");
  for (std::int64_t index = 0; index < 4; ++index) {
    logged_by_step(*model, real_points(kExamples), index);
    const auto now = copy_of_state(*model);
    // 14 images are seen from one of its updates to the next.
    if (index % 2 == 1) expected = 0.5 * expected + 0.5 * now.at("generator.0.weight");
    EXPECT_TRUE(torch::allclose(now.at("ema.0.weight"), expected)) << index;
  }
}

TEST(GanStep, SamplesComeFromTheAverageUnlessRawWeightsAreAskedFor) {
  for (const std::string weights : {"ema", "raw"}) {
    const auto model = affine_gan("ema.decay = 0.9\neval.weights = '" + weights + "'\n");
    const torch::NoGradGuard no_grad;
    for (const std::string owner : {"ema", "generator"}) {
      const auto before = samples_of(*model, 4);
      state_of(*model).at(owner + ".0.bias").add_(5.0);
      const bool scored = (owner == "ema") == (weights == "ema");
      EXPECT_TRUE(torch::allclose(samples_of(*model, 4), before + (scored ? 5.0 : 0.0)))
          << weights << owner;
    }
  }
}

TEST(GanStep, ATinyGradientClipLeavesAdamNothingToScaleUp) {
  const auto model = affine_gan("optimizer.gradient_clip = 1e-12\n");
  const auto before = copy_of_state(*model);
  logged_by_step(*model, real_points(kExamples));
  // A gradient of 1e-12 is far below Adam's ε of 1e-8: at most 1e-4 of a step is left.
  for (const auto& [name, value] : copy_of_state(*model)) {
    if (!name.ends_with("weight") || name.find("optimizer") != std::string::npos) continue;
    EXPECT_LE((value - before.at(name)).abs().max().item<double>(), 2e-4 * kGeneratorRate) << name;
  }
}

}  // namespace
}  // namespace assay
