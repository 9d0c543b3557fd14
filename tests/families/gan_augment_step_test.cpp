// SPDX-License-Identifier: Apache-2.0
// The step of a GAN whose discriminator sees augmented images, on affine networks; and how adaptive
// augmentation follows it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "families/gan/augment/ada.h"
#include "families/gan/augment/ada_transforms.h"
#include "families/gan/augment/diff_augment.h"
#include "families/gan/critic.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

constexpr std::int64_t kExamples = 6;
const std::vector<std::int64_t> kImage = {1, 4, 4};
const std::string kColour = std::string(kAffineGan) +
                            "train.batch_size = 6\nobjective.augmentation = 'diff_augment'\n"
                            "objective.diff_augment_policy = 'color'\n";

Batch real_images() { return {torch::rand({kExamples, 1, 4, 4}, seeded(5)) * 2 - 1, {}}; }

// The noise of a step, in the order in which the discriminator asks for it.
class StepNoise {
 public:
  torch::Tensor latents() { return torch::randn({kExamples, 3}, noise_); }
  torch::Tensor augmented(const torch::Tensor& images) {
    const auto u = [&] { return torch::rand({kExamples, 1}, noise_); };
    const auto brightness = u(), saturation = u(), contrast = u();
    contrasts = contrast + 0.5;
    return contrasted(saturated(brightened(images, brightness), saturation), contrast);
  }
  torch::Tensor contrasts;  ///< the latest, [N,1]

 private:
  torch::Generator noise_ = seeded(7);
};

torch::Tensor logits(const State& state, const torch::Tensor& images, std::int64_t packing) {
  return affine(state, "discriminator.1", packed(images, packing).flatten(1));
}

torch::Tensor generated(const State& state, const torch::Tensor& z) {
  return affine(state, "generator.0", z).tanh().view({kExamples, 1, 4, 4});
}

TEST(GanAugmentation, IsOfBothBatchesAndOfTheGeneratorsStepEachTimeAnew) {
  for (const std::int64_t packing : {1, 2}) {
    const auto model =
        small_model(kColour + "objective.packing = " + std::to_string(packing) + "\n", kImage);
    const auto before = copy_of_state(*model);
    const auto logged = logged_by_step(*model, real_images());
    const auto after = copy_of_state(*model);
    StepNoise noise;
    const auto made = generated(before, noise.latents());
    const auto of_real = logits(before, noise.augmented(real_images().images), packing);
    const auto of_generated = logits(before, noise.augmented(made), packing);
    EXPECT_NEAR(logged.at("discriminator_loss"), nats(-of_real) + nats(of_generated), 1e-5);
    const double expected = nats(-logits(after, noise.augmented(made), packing));
    EXPECT_NEAR(logged.at("generator_loss"), expected, 1e-5) << packing;
    EXPECT_GT(std::abs(expected - nats(-logits(after, made, packing))), 1e-3);
  }
}

// The gradient reaches the generator through the augmentation: Adam's first step is against the
// sign of that gradient.
TEST(GanAugmentation, PassesTheGeneratorsGradientOn) {
  const auto model = small_model(kColour, kImage);
  const auto before = copy_of_state(*model);
  logged_by_step(*model, real_images());
  const auto after = copy_of_state(*model);
  StepNoise noise;
  const auto z = noise.latents();
  noise.augmented(real_images().images);
  noise.augmented(generated(before, z));
  auto leaf = before;
  leaf["generator.0.bias"] = before.at("generator.0.bias").clone().requires_grad_();
  auto judged = leaf;
  judged["discriminator.1.weight"] = after.at("discriminator.1.weight");
  judged["discriminator.1.bias"] = after.at("discriminator.1.bias");
  const auto l = logits(judged, noise.augmented(generated(judged, z)), 1);
  torch::log1p(torch::exp(-l)).mean().backward();
  const auto moved = after.at("generator.0.bias") - before.at("generator.0.bias");
  const auto gradient = leaf.at("generator.0.bias").grad();
  EXPECT_TRUE(torch::equal(moved.sign(), -gradient.sign()));
}

// T stretches contrast by c about an image's mean, so that ∇_x (w·T(x)) = c w + (1 − c) mean(w).
TEST(GanAugmentation, StandsBetweenAPenaltyAndTheRealExamples) {
  const auto model = small_model(kColour + "objective.r1 = 3\n", kImage);
  const auto w = copy_of_state(*model).at("discriminator.1.weight");
  const auto logged = logged_by_step(*model, real_images());
  StepNoise noise;
  const auto made = noise.latents();
  for (int pass = 0; pass < 3; ++pass) noise.augmented(real_images().images);
  const auto c = noise.contrasts;
  const auto slope = c * w + (1.0 - c) * w.mean();
  EXPECT_NEAR(logged.at("r1"), 1.5 * slope.square().sum(1).mean().item<double>(), 1e-5);
}

TEST(GanAugmentation, RefusesByNameWhatItDoesNotGoWith) {
  const auto refusal = [](const std::string& more) {
    return gan_refusal("model.network = 'mlp'\n" + more);
  };
  const std::string some = "objective.augmentation = 'diff_augment'\n",
                    ada = "objective.augmentation = 'ada'\n";
  EXPECT_EQ(refusal(some), "");
  EXPECT_EQ(refusal(ada), "");
  EXPECT_NE(refusal(some + "objective.consistency = 1\n").find("objective.consistency"),
            std::string::npos);
  EXPECT_NE(refusal(ada + "objective.loss = 'wasserstein'\nobjective.gradient_penalty = 10\n")
                .find("\"wasserstein\""),
            std::string::npos);
  const auto built = [](const std::string& settings, std::vector<std::int64_t> example) {
    try {
      small_model(std::string(kAffineGan) + settings, std::move(example));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(built(some, {2}).find("these are points"), std::string::npos);
  EXPECT_NE(built(ada, {2, 4, 4}).find("these images have 2"), std::string::npos);
  EXPECT_EQ(built(ada + "objective.ada_pipeline = 'bg'\n", {2, 4, 4}), "");
}

// At p = 0 nothing, at 1 everything, wherever p began: whole pixels before fractions of them before
// colours, drawn in that order, first of the real examples.
TEST(AdaptiveAugmentation, IsOfTheControllersPAndInTheAuthorsOrder) {
  const std::vector<std::int64_t> shape = {3, 8, 8};
  const auto model = small_model(std::string(kAffineGan) +
                                     "train.batch_size = 6\nobjective.augmentation = 'ada'\n"
                                     "objective.ada_initial = 0.3\n",
                                 shape);
  const Batch batch{torch::rand({kExamples, 3, 8, 8}, seeded(5)) * 2 - 1, {}};
  for (const double p : {0.0, 1.0}) {
    state_of(*model).at("ada.p").fill_(p);
    const auto before = copy_of_state(*model);
    const Noise noise = seeded(7);
    const auto augmented = [&](const torch::Tensor& x) {
      const auto always = torch::ones({});
      const auto options = x.options();
      const auto pixels = sources(draw_pixels(kExamples, always, noise, options), 8, 8);
      const auto moves = sources(draw_geometry(kExamples, always, noise, options), 8, 8);
      const auto colour = colours(draw_colour(kExamples, always, noise, options), false);
      if (p == 0.0) return x;
      return recoloured(geometrically_transformed(x, pixels.matmul(moves)), colour);
    };
    const auto z = noise.normal({kExamples, 3}, batch.images.options());
    const auto made = affine(before, "generator.0", z).tanh().view({kExamples, 3, 8, 8});
    const auto of_real = logits(before, augmented(batch.images), 1);
    const auto of_generated = logits(before, augmented(made), 1);
    EXPECT_NEAR(logged_by_step(*model, batch).at("discriminator_loss"),
                nats(-of_real) + nats(of_generated), 1e-5)
        << p;
  }
}

struct Watched {
  AdaController controller;
  std::vector<LossTerm> terms = {};
  double p() const { return controller.p().item<double>(); }
  void step(std::int64_t index, double share_of_positive, std::int64_t images = 32) {
    const auto positive = std::lround(share_of_positive * 32.0);
    const auto logits =
        torch::cat({torch::full({positive, 1}, 0.25), torch::full({32 - positive, 1}, -4.0)});
    controller.watch(logits, images, index, terms);
  }
};

TEST(AdaController, FollowsAScriptOfLogits) {
  Watched watched{{{.initial = 0.0}, torch::kCPU}};
  // N = 32, every 4 steps, 500 kimg: 32 · 4/500,000 = 2.56e-4.
  for (std::int64_t step = 0; step < 3; ++step) watched.step(step, 1.0);
  EXPECT_EQ(watched.p(), 0.0) << "not before the fourth step";
  watched.step(3, 1.0);
  EXPECT_NEAR(watched.p(), 2.56e-4, 1e-12);
  for (std::int64_t step = 4; step < 8; ++step) watched.step(step, 0.875);
  EXPECT_NEAR(watched.p(), 5.12e-4, 1e-12) << "r = .75 > .6";
  // Signs, not sizes: 24 of .25 and 8 of −4 have r = .5, though their mean is below 0.
  for (std::int64_t step = 8; step < 12; ++step) watched.step(step, 0.75);
  EXPECT_NEAR(watched.p(), 2.56e-4, 1e-12);
  // Over the four steps, not the last one: r = (.5 + .5 + .5 + 1)/4 = .625.
  for (std::int64_t step = 12; step < 15; ++step) watched.step(step, 0.75);
  watched.step(15, 1.0);
  EXPECT_NEAR(watched.p(), 5.12e-4, 1e-12);
  for (std::int64_t step = 16; step < 32; ++step) watched.step(step, 0.0);
  EXPECT_EQ(watched.p(), 0.0) << "never below 0";
  EXPECT_EQ(watched.terms.back().name, "ada_sign");
  EXPECT_EQ(watched.terms.back().value.item<float>(), -1.0f);
}

TEST(AdaController, CountsImagesAndLooksBeyondALossesOwnBoundary) {
  Watched watched{{{.kimg = 100.0, .interval = 2, .initial = 0.5, .boundary = 0.5}, torch::kCPU}};
  watched.step(0, 1.0, 64);
  watched.step(1, 1.0, 64);
  // A logit of .25 is below the boundary of .5: − 64 · 2/100,000.
  EXPECT_NEAR(watched.p(), 0.5 - 1.28e-3, 1e-12);
}

const std::string kAda = std::string(kAffineGan) +
                         "train.batch_size = 6\nobjective.augmentation = 'ada'\n"
                         "objective.ada_kimg = 0.01\nobjective.ada_interval = 2\n"
                         "objective.ada_target = -1\n";

TEST(AdaController, IsFedByTheDiscriminatorsStepAndKeptInTheState) {
  const auto model = small_model(kAda, kImage);
  double expected = 0.0;
  for (std::int64_t step = 0; step < 4; ++step) {
    const auto logged = logged_by_step(*model, real_images(), step);
    EXPECT_NEAR(logged.at("ada_p"), expected, 1e-6) << step;
    // 6 images in each of 2 steps are 12 of 10; r = −1 would leave p alone.
    if (step % 2 == 1) expected += 1.2;
    EXPECT_NEAR(state_of(*model).at("ada.p").item<double>(), expected, 1e-6);
  }
  const auto restored = small_model(kAda, kImage);
  const auto saved = copy_of_state(*model);
  for (auto& [name, value] : state_of(*restored)) value.detach().copy_(saved.at(name));
  EXPECT_NEAR(logged_by_step(*restored, real_images(), 4).at("ada_p"), expected, 1e-6);
}

}  // namespace
}  // namespace assay
