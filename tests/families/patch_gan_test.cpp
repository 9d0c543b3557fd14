// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/patch_gan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/utils.h>

#include <cmath>

#include "core/error.h"
#include "nn/blocks/convolution.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

const std::string kPlain = R"(family = "vae"
model.network = "maps"
model.channels = [8]
model.space_to_depth = 2
model.latent_channels = 1
objective.likelihood = "laplace"
)";
const std::string kPatches = "model.patch_gan_channels = 4\nmodel.patch_gan_layers = 1\n";
const std::string kSmall = kPlain + kPatches;

Batch batch_of(std::int64_t count) {
  return {torch::rand({count, 1, 8, 8}, seeded(2)) * 2.0 - 1.0, {}};
}

std::string refusal(const std::string& more) {
  try {
    small_model(kSmall + more, {1, 8, 8});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool same(const State& a, const State& b, const std::string& prefix) {
  for (const auto& [name, value] : a) {
    if (name.starts_with(prefix) && !torch::equal(value, b.at(name))) return false;
  }
  return true;
}

// D(x) = 2x: of real 0.25 and 1 the margins lack 0.5 and 0, of generated -1 and 0.5 0 and 2.
TEST(PatchHingeLoss, IsHalfTheMissingMarginsOfALinearCritic) {
  const auto real = 2.0 * torch::tensor({0.25, 1.0}), generated = 2.0 * torch::tensor({-1.0, 0.5});
  EXPECT_NEAR(patch_hinge_loss(real, generated).item<double>(), 0.5 * (0.25 + 1.0), 1e-7);
  EXPECT_EQ(patch_hinge_loss(torch::zeros({3}), torch::zeros({5})).item<double>(), 1.0);
}

// Slopes (3, 4) and (0.6, 0.8): 5 / (1 + 1e-4).
TEST(AdaptiveWeight, IsTheRatioOfTheSlopesByTheLastWeights) {
  const auto w = torch::tensor({2.0, -1.0}, torch::kDouble).requires_grad_();
  const auto reconstruction = 3.0 * w[0] + 4.0 * w[1], adversarial = 0.6 * w[0] + 0.8 * w[1];
  const auto lambda = adaptive_weight(reconstruction, adversarial, w);
  EXPECT_NEAR(lambda.item<double>(), 5.0 / 1.0001, 1e-12);
  EXPECT_FALSE(lambda.requires_grad());
  // Without a slope of its own 5 / 1e-4 is beyond the clamp.
  EXPECT_EQ(adaptive_weight(reconstruction, 0.0 * w[0], w).item<double>(), 1e4);
  EXPECT_EQ(adaptive_weight(0.0 * w[0], adversarial, w).item<double>(), 0.0);
}

TEST(AdaptiveWeight, AgreesWithFiniteDifferences) {
  const auto z = torch::randn({6, 3}, seeded(1), torch::kDouble),
             x = torch::randn({6, 2}, seeded(2), torch::kDouble);
  auto w = torch::randn({2, 3}, seeded(3), torch::kDouble);
  const auto made = [&] { return torch::tanh(torch::mm(z, w.t())); };
  const auto reconstruction = [&] { return (x - made()).abs().sum(1).mean(); };
  const auto adversarial = [&] { return -(made().square() * 0.3 + made().sin()).mean(); };
  const auto slope = [&](const auto& loss) {
    double sum = 0.0;
    auto flat = w.view({-1});
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      const double h = 1e-6, here = flat[i].item<double>();
      flat[i] = here + h;
      const double above = loss().template item<double>();
      flat[i] = here - h;
      const double below = loss().template item<double>();
      flat[i] = here;
      sum += std::pow((above - below) / (2.0 * h), 2);
    }
    return std::sqrt(sum);
  };
  const double expected = slope(reconstruction) / (slope(adversarial) + 1e-4);
  w.requires_grad_();
  EXPECT_NEAR(adaptive_weight(reconstruction(), adversarial(), w).item<double>() / expected, 1.0,
              1e-6);
}

TEST(LastWeight, IsThatOfTheOutputsConvolution) {
  Sequential decoder(Convolution(torch::nn::Conv2dOptions(2, 3, 3)), torch::nn::SiLU(),
                     Convolution(torch::nn::Conv2dOptions(3, 1, 3)));
  EXPECT_TRUE(last_weight_of(*decoder).is_same(decoder->named_parameters()["2.weight"]));
}

// pix2pix prints 2.765 M for the discriminator of 70×70 patches, which makes 30×30 logits of
// 256×256 images (Isola et al. 2017); Σ in·out·16, two for each channel normalised, 64 + 1 biases.
TEST(PatchDiscriminator, HasThePublishedSize) {
  auto network = make_patch_discriminator({{3, 256, 256}, 64, 3});
  std::int64_t count = 0;
  for (const auto& parameter : network->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 2'765'633);
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(network->forward(torch::zeros({1, 3, 256, 256})).sizes(),
            (std::vector<std::int64_t>{1, 1, 30, 30}));
}

// What batch normalisation would not give.
TEST(PatchDiscriminator, JudgesAnImageWhateverItIsWith) {
  torch::manual_seed(1);
  auto network = make_patch_discriminator({{1, 16, 16}, 8, 2});
  const torch::NoGradGuard no_grad;
  const auto images = torch::randn({5, 1, 16, 16}, seeded(1));
  EXPECT_TRUE(torch::allclose(network->forward(images).slice(0, 0, 1),
                              network->forward(images.slice(0, 0, 1)), 1e-4, 1e-5));
}

// A step against the term's gradient raises what the discriminator says of the reconstructions.
TEST(PatchGan, DrawsTheDecoderTowardsHigherLogits) {
  const auto definition =
      resolve_text(kSmall +
                       "objective.patch_gan_weight = 0.5\nobjective.patch_gan_adaptive = "
                       "false\n",
                   "here.toml", family_schema, {});
  // The same weights, which are the first that construction draws.
  torch::manual_seed(1);
  auto discriminator = make_patch_discriminator({{1, 8, 8}, 4, 1});
  torch::manual_seed(1);
  PatchGan patch_gan({.definition = definition, .example_shape = {1, 8, 8}});
  Sequential decoder;
  decoder->push_back(torch::nn::Flatten());
  const StepContext context{.total_steps = 1, .noise = seeded(1)};
  const auto logit = [&](const torch::Tensor& x) {
    return discriminator->forward(x).mean().item<double>();
  };
  auto images = batch_of(4).images.requires_grad_();
  std::vector<LossTerm> terms;
  const auto value = patch_gan.value({images, {}, *decoder, context}, terms);
  EXPECT_NEAR(value.item<double>(), -0.5 * logit(images), 1e-6);
  EXPECT_NEAR(terms.front().value.item<double>(), -logit(images), 1e-6);
  value.backward();
  const auto moved = images.detach() - 0.1 * images.grad() / images.grad().norm();
  EXPECT_GT(logit(moved), logit(images));
}

TEST(PatchGan, BeginsAfterItsStartAlone) {
  for (const std::string family : {"vae", "vq_vae"}) {
    const std::string vq =
        "family = \"vq_vae\"\nmodel.channels = 8\nmodel.codes = 5\n"
        "model.residual_channels = 4\nmodel.code_dim = 3\n";
    const auto model = small_model((family == "vae" ? kPlain : vq) + kPatches +
                                       "objective.patch_gan_weight = 1\n"
                                       "objective.patch_gan_start = 16\n",
                                   {1, 8, 8});
    for (const std::int64_t step : {0, 1, 2}) {
      const auto before = copy_of_state(*model);
      std::map<std::string, double> logged;
      for (const auto& term : model->training_step(
               batch_of(8),
               {.step = step, .total_steps = 3, .images_seen = 8 * step, .noise = seeded(7)})) {
        logged[term.name] = term.value.item<double>();
      }
      const bool begun = step == 2;
      EXPECT_EQ(logged.contains("patch_gan_generator_loss"), begun) << family << step;
      EXPECT_EQ(logged.contains("patch_gan_discriminator_loss"), begun) << family << step;
      EXPECT_EQ(same(before, copy_of_state(*model), "patch_gan."), !begun) << family << step;
      EXPECT_FALSE(same(before, copy_of_state(*model), "network.decoder."));
    }
  }
}

TEST(PatchGan, LeavesTheFirstStageAloneBeforeItsStart) {
  const auto with = small_model(kSmall +
                                    "objective.patch_gan_weight = 1\n"
                                    "objective.patch_gan_start = 16\n",
                                {1, 8, 8}),
             without = small_model(kPlain, {1, 8, 8});
  logged_by_step(*with, batch_of(8));
  logged_by_step(*without, batch_of(8));
  EXPECT_TRUE(same(copy_of_state(*without), copy_of_state(*with), ""));
}

TEST(PatchGan, SaysWhatDoesNotFit) {
  const std::string on = "objective.patch_gan_weight = 1\n";
  EXPECT_THAT(refusal(on + "objective.patch_gan_start = 100\ntrain.images = 100\n"),
              HasSubstr("objective.patch_gan_start = 100 lies behind the 100 images"));
  EXPECT_THAT(small_model(kSmall + on, {1, 8, 8}), ::testing::NotNull());
  std::string deep = kSmall + on;
  deep.replace(deep.find("layers = 1"), 10, "layers = 2");
  EXPECT_THROW(small_model(deep, {1, 8, 8}), Error);
  EXPECT_THAT(patch_discriminator_misfit({{1, 8, 8}, 4, 2}), HasSubstr("take fewer layers"));
  EXPECT_THAT(patch_discriminator_misfit({{1, 28, 28}, 6, 1}), HasSubstr("take a multiple of 4"));
  EXPECT_THAT(patch_discriminator_misfit({{2}, 8, 1}), HasSubstr("holds points"));
}

}  // namespace
}  // namespace assay
