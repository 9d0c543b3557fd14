// SPDX-License-Identifier: Apache-2.0
// What a GAN's discriminator may be shown and made of: packs, features, layers of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "families/gan/architecture.h"
#include "families/gan/critic.h"
#include "families/gan/gan.h"
#include "nn/blocks/minibatch_discrimination.h"
#include "nn/blocks/spectral_norm.h"
#include "nn/seed_batch.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(GanPacking, PutsNeighboursSideBySideInChannels) {
  const auto images = torch::arange(4 * 2 * 3 * 3).view({4, 2, 3, 3});
  const auto packs = packed(images, 2);
  ASSERT_EQ(packs.sizes(), (std::vector<std::int64_t>{2, 4, 3, 3}));
  EXPECT_TRUE(torch::equal(packs[1].slice(0, 0, 2), images[2]));
  EXPECT_TRUE(torch::equal(packs[1].slice(0, 2, 4), images[3]));
  EXPECT_TRUE(torch::equal(packed(images.contiguous(torch::MemoryFormat::ChannelsLast), 2), packs));
  const auto points = torch::tensor({{1, 2}, {3, 4}, {5, 6}});
  EXPECT_TRUE(torch::equal(packed(points, 3), torch::tensor({{1, 2, 3, 4, 5, 6}})));
  EXPECT_THROW(packed(points, 2), c10::Error);
}

torch::Tensor generated_points(const State& state) {
  return affine(state, "generator.0", torch::randn({6, 3}, seeded(7)));
}

TEST(GanPacking, TheDiscriminatorJudgesPacksOfOneOrigin) {
  const auto model = small_model(kAffineGan + std::string("objective.packing = 3\n"), {2});
  const auto before = copy_of_state(*model);
  const auto logged = logged_by_step(*model, real_points(6));
  const auto logits = [&](const State& state, const torch::Tensor& points) {
    return plain_logits(state, points.view({2, 6}));
  };
  EXPECT_NEAR(
      logged.at("discriminator_loss"),
      nats(-logits(before, real_points(6).images)) + nats(logits(before, generated_points(before))),
      1e-5);
  EXPECT_NEAR(logged.at("generator_loss"),
              nats(-logits(copy_of_state(*model), generated_points(before))), 1e-5);
  EXPECT_EQ(samples_of(*model, 5).sizes(), (std::vector<std::int64_t>{5, 2}));
}

// Without hidden layers the features are the points themselves.
TEST(GanFeatures, MatchingIsOfBatchMeansSummedOverFeatures) {
  const auto model = small_model(
      kAffineGan +
          std::string("objective.feature_matching = 3\nobjective.adversarial_weight = 0\n"),
      {2});
  const auto before = copy_of_state(*model);
  const auto logged = logged_by_step(*model, real_points(6));
  const auto gap = (generated_points(before) - real_points(6).images).mean(0);
  EXPECT_NEAR(logged.at("feature_matching"), 3.0 * gap.square().sum().item<double>(), 1e-4);
  // By the generator's bias 2·3·gap; Adam's first step is against its sign. What the discriminator
  // says of the points does not come in.
  const auto moved = copy_of_state(*model).at("generator.0.bias") - before.at("generator.0.bias");
  EXPECT_TRUE(torch::allclose(moved, -1e-2 * gap.sign(), 1e-3, 1e-6));
  // Nor does it change what the discriminator learns.
  const auto plain = small_model(kAffineGan, {2});
  logged_by_step(*plain, real_points(6));
  EXPECT_TRUE(torch::equal(copy_of_state(*plain).at("discriminator.1.weight"),
                           copy_of_state(*model).at("discriminator.1.weight")));
}

TEST(GanFeatures, MatchingAddsToTheAdversarialLossByWeight) {
  const auto of = [](const std::string& more) {
    return logged_by_step(*small_model(kAffineGan + more, {2}), real_points(6));
  };
  const auto plain = of(""), both = of("objective.feature_matching = 3\n");
  EXPECT_EQ(plain.at("generator_loss"), both.at("generator_loss"));
  EXPECT_FALSE(plain.contains("feature_matching"));
  const auto moment = [](const std::string& more) {
    const auto model = small_model(kAffineGan + more, {2});
    logged_by_step(*model, real_points(6));
    return copy_of_state(*model).at("generator_optimizer.0.bias.m");
  };
  const auto adversarial = moment(""),
             matching =
                 moment("objective.feature_matching = 3\nobjective.adversarial_weight = 0\n");
  EXPECT_TRUE(torch::allclose(
      moment("objective.feature_matching = 3\nobjective.adversarial_weight = 0.5\n"),
      0.5 * adversarial + matching, 1e-4, 1e-6));
}

TEST(GanFeatures, JudgingGivesTheLogitsOfAPlainPass) {
  const auto definition =
      resolve_text("family = 'gan'\nmodel.network = 'mlp'\nmodel.discriminator_widths = [8, 5]\n",
                   "here.toml", family_schema, {});
  auto network = gan_architectures().at("mlp").discriminator({definition, {2}});
  const auto x = torch::randn({4, 2}, seeded(1));
  const auto judgement = judge(network, x, true);
  EXPECT_TRUE(torch::equal(judgement.logits, network->forward(x)));
  EXPECT_EQ(judgement.features.sizes(), (std::vector<std::int64_t>{4, 5}));
}

template <class Layer>
std::int64_t count_of(const Sequential& network) {
  std::int64_t count = 0;
  for (const auto& module : network->modules()) {
    count += module->as<Layer>() != nullptr ? 1 : 0;
  }
  return count;
}

TEST(GanLayers, SpectralNormStandsInEveryLayerOfTheDiscriminator) {
  const auto mlp = gan_of(
      "model.network = 'mlp'\nmodel.discriminator_widths = [8, 5]\nmodel.spectral_norm = true\n");
  EXPECT_EQ(count_of<SpectralLinear>(gan_architectures().at("mlp").discriminator({mlp, {2}})), 3);
  EXPECT_EQ(count_of<SpectralLinear>(gan_architectures().at("mlp").generator({mlp, {2}})), 0);
  const auto convolutions = gan_of(
      "model.generator_channels = [8]\nmodel.discriminator_channels = [8, 8]\n"
      "model.spectral_norm = true\nmodel.discriminator_norm = 'none'\n");
  const auto network = gan_architectures().at("dcgan").discriminator({convolutions, {1, 8, 8}});
  EXPECT_EQ(count_of<SpectralConvolution>(network), 2);
  EXPECT_EQ(count_of<SpectralLinear>(network), 1);
  EXPECT_EQ(count_of<torch::nn::BatchNorm2d>(network), 0);
}

// A slope of at most 1 for each layer, the leaky rectifiers' too, is one of at most 1 for all.
TEST(GanLayers, ASpectrallyNormalisedDiscriminatorHasNoSlopeAboveOne) {
  const auto definition = gan_of(
      "model.network = 'mlp'\nmodel.discriminator_widths = [16, 16]\nmodel.spectral_norm = true\n"
      "model.initial_sd = 2\n");
  torch::manual_seed(1);
  auto network = gan_architectures().at("mlp").discriminator({definition, {2}});
  const auto x = 3.0 * torch::randn({200, 2}, seeded(1));
  for (int pass = 0; pass < 200; ++pass) network->forward(x);
  const auto leaf = leaf_of(x);
  const auto slopes = gradient_by(network->forward(leaf).sum(), leaf).norm(2, {1});
  EXPECT_LE(slopes.max().item<double>(), 1.0 + 1e-4);
}

TEST(GanLayers, MinibatchDiscriminationStandsBeforeTheLastLayer) {
  const auto definition = gan_of(
      "model.network = 'mlp'\nmodel.discriminator_widths = [8, 5]\n"
      "model.minibatch_discrimination = 7\nmodel.minibatch_dimensions = 3\n");
  auto network = gan_architectures().at("mlp").discriminator({definition, {2}});
  EXPECT_EQ(judge(network, torch::randn({4, 2}, seeded(1)), true).features.size(1), 12);
  EXPECT_EQ(count_of<MinibatchDiscrimination>(network), 1);
}

TEST(GanCheck, RefusesPenaltiesOfExamplesThatTheDiscriminatorCouples) {
  const std::string none = "model.discriminator_norm = 'none'\n";
  for (const std::string penalty : {"gradient_penalty", "one_sided_gradient_penalty", "r1", "r2"}) {
    const auto settings = "objective." + penalty + " = 10\n";
    EXPECT_THAT(gan_refusal(settings),
                AllOf(HasSubstr("objective." + penalty), HasSubstr("model.discriminator_norm")));
    EXPECT_EQ(gan_refusal(settings + none), "") << penalty;
    EXPECT_EQ(gan_refusal(settings + "model.discriminator_norm = 'layer'\n"), "") << penalty;
    EXPECT_EQ(gan_refusal(settings + "model.network = 'mlp'\n"), "") << penalty;
    EXPECT_THAT(gan_refusal(settings + none + "model.minibatch_discrimination = 5\n"),
                HasSubstr("model.minibatch_discrimination"));
  }
  EXPECT_EQ(gan_refusal("objective.dragan = 10\n"), "");
}

TEST(GanCheck, RefusesWhatUndoesASpectralNorm) {
  const std::string spectral = "model.spectral_norm = true\n", mlp = "model.network = 'mlp'\n";
  EXPECT_THAT(gan_refusal(spectral), HasSubstr("model.discriminator_norm"));
  EXPECT_EQ(gan_refusal(spectral + "model.discriminator_norm = 'none'\n"), "");
  EXPECT_THAT(gan_refusal(spectral + mlp + "objective.weight_clip = 0.01\n"),
              HasSubstr("objective.weight_clip"));
  EXPECT_THAT(gan_refusal(spectral + mlp + "model.maxout_pieces = 5\n"),
              HasSubstr("set model.maxout_pieces = 0"));
  EXPECT_EQ(gan_refusal(spectral + mlp + "objective.loss = 'wasserstein'\n"), "");
}

TEST(GanCheck, RefusesAGeneratorWithoutALossAndBatchesThatMakeNoPacks) {
  EXPECT_THAT(gan_refusal("objective.adversarial_weight = 0\n"),
              HasSubstr("objective.feature_matching"));
  EXPECT_THAT(gan_refusal("objective.packing = 3\ntrain.batch_size = 64\n"),
              AllOf(HasSubstr("objective.packing = 3"), HasSubstr("train.batch_size = 64")));
  EXPECT_EQ(gan_refusal("objective.packing = 4\ntrain.batch_size = 64\n"), "");
}

}  // namespace
}  // namespace assay
