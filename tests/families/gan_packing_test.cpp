// SPDX-License-Identifier: Apache-2.0
// What PacGAN's published code (Lin et al. 2018) does otherwise, each as a key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/families/small_gan.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// A pass of six latents for each place of three packs of two: pack i is of the ith of either.
TEST(GanPacking, EachPlaceOfAPackIsAPassOfItsOwnIfToldTo) {
  const auto model = small_model(
      kAffineGan + std::string("objective.packing = 2\nobjective.packing_apart = true\n"), {2});
  const auto before = copy_of_state(*model);
  const auto logged = logged_by_step(*model, real_points(6));
  const auto noise = seeded(7);
  const auto first = affine(before, "generator.0", torch::randn({3, 3}, noise));
  const auto second = affine(before, "generator.0", torch::randn({3, 3}, noise));
  EXPECT_NEAR(logged.at("discriminator_loss"),
              nats(-affine(before, "discriminator.1", real_points(6).images.view({3, 4}))) +
                  nats(affine(before, "discriminator.1", torch::cat({first, second}, 1))),
              1e-5);
}

// The variance that normalises: of three values each, or of six.
TEST(GanPacking, EachPassHasBatchStatisticsOfItsOwn) {
  for (const bool apart : {false, true}) {
    const auto model =
        small_model(std::string("family = 'gan'\nmodel.network = 'mlp'\nmodel.latent_dim = 3\n"
                                "model.generator_widths = [4]\nmodel.discriminator_widths = []\n"
                                "objective.packing = 2\nobjective.packing_apart = ") +
                        (apart ? "true" : "false"),
                    {2});
    const auto weight = copy_of_state(*model).at("generator.0.weight");
    logged_by_step(*model, real_points(6));
    const auto after = copy_of_state(*model);
    EXPECT_EQ(after.at("generator.1.num_batches_tracked").item<std::int64_t>(), apart ? 2 : 1);
    auto mean = torch::zeros({4}), variance = torch::ones({4});
    const auto noise = seeded(7);
    for (int pass = 0; pass < (apart ? 2 : 1); ++pass) {
      const auto hidden = torch::mm(torch::randn({apart ? 3 : 6, 3}, noise), weight.t());
      mean = 0.9 * mean + 0.1 * hidden.mean(0);
      variance = 0.9 * variance + 0.1 * hidden.var(0);
    }
    EXPECT_TRUE(torch::allclose(after.at("generator.1.running_mean"), mean, 1e-5, 1e-6)) << apart;
    EXPECT_TRUE(torch::allclose(after.at("generator.1.running_var"), variance, 1e-5, 1e-6))
        << apart;
  }
}

TEST(GanStep, BothNetworksLearnFromOnePassIfToldTo) {
  const auto in_turn = small_model(kAffineGan, {2});
  const auto together =
      small_model(kAffineGan + std::string("objective.updates = 'together'\n"), {2});
  const auto before = copy_of_state(*together);
  const auto logged = logged_by_step(*together, real_points(7));
  const auto drawn = affine(before, "generator.0", torch::randn({7, 3}, seeded(7)));
  // The discriminator as it was, for the generator too.
  EXPECT_NEAR(logged.at("generator_loss"), nats(-affine(before, "discriminator.1", drawn)), 1e-5);
  const auto of_turn = logged_by_step(*in_turn, real_points(7));
  EXPECT_GT(std::abs(logged.at("generator_loss") - of_turn.at("generator_loss")), 1e-4);
  EXPECT_EQ(logged.at("discriminator_loss"), of_turn.at("discriminator_loss"));
  const auto after = copy_of_state(*together), other = copy_of_state(*in_turn);
  EXPECT_TRUE(torch::equal(after.at("discriminator.1.weight"), other.at("discriminator.1.weight")));
  // Adam's first step climbs D by its rate in each coordinate.
  EXPECT_TRUE(torch::allclose(after.at("generator.0.bias") - before.at("generator.0.bias"),
                              1e-2 * before.at("discriminator.1.weight").sign().flatten(), 1e-3,
                              1e-6));
  EXPECT_THAT(gan_refusal("objective.updates = 'together'\nobjective.discriminator_steps = 2"),
              HasSubstr("moves both networks at every step"));
}

// Without momentum the averages of one pass are that pass's; afterwards they are training's again.
TEST(GanSampling, FurtherBatchesMoveTheStatisticsForTheSamplesAlone) {
  const std::string toml =
      "family = 'gan'\nmodel.network = 'mlp'\nmodel.latent_dim = 3\n"
      "model.generator_widths = [4]\nmodel.discriminator_widths = []\nmodel.initial_sd = 0.5\n"
      "train.batch_size = 256\nmodel.norm_average = 'deviation'\nmodel.norm_epsilon = 1e-4\n"
      "model.norm_momentum = 0.05\n";
  const auto trained = small_model(toml, {2});
  const auto gathered = small_model(toml + "sampler.statistics_batches = 200\n", {2});
  const auto before = copy_of_state(*gathered);
  const auto samples = samples_of(*gathered, 9);
  EXPECT_TRUE(torch::equal(samples, samples_of(*gathered, 9)));
  EXPECT_TRUE(torch::equal(copy_of_state(*gathered).at("generator.1.running_deviation"),
                           before.at("generator.1.running_deviation")));
  // W z has mean 0 and variance ‖w‖² in each unit, which 200 batches of 256 find to 3 %.
  const auto hidden =
      torch::mm(draw_normal(9, {3}, seeded(3)), before.at("generator.0.weight").t());
  const auto normal = hidden / (before.at("generator.0.weight").square().sum(1) + 1e-4).sqrt();
  const auto expected =
      affine(before, "generator.3",
             torch::relu(normal * before.at("generator.1.weight") + before.at("generator.1.bias")));
  EXPECT_TRUE(torch::allclose(samples, expected, 0.1, 0.05));
  EXPECT_FALSE(torch::allclose(samples_of(*trained, 9), expected, 0.1, 0.05));
  auto& generative = dynamic_cast<GenerativeModel&>(*gathered);
  const auto z = *generative.draw_latents(9, {}, seeded(3));
  EXPECT_TRUE(torch::equal(*generative.decode(z, {}), samples));
}

// Which latents samples come from is no part of how the generator normalises them.
TEST(GanSampling, FurtherBatchesAreOfAllLatents) {
  const std::string toml =
      "family = 'gan'\nmodel.network = 'mlp'\nmodel.latent_dim = 3\n"
      "model.generator_widths = [4]\nmodel.discriminator_widths = []\n"
      "sampler.statistics_batches = 20\n";
  const auto all = small_model(toml, {2});
  const auto outer = small_model(toml + "sampler.latent_fifth = 5\n", {2});
  const auto z = draw_normal(9, {3}, seeded(3));
  EXPECT_TRUE(torch::equal(*dynamic_cast<GenerativeModel&>(*all).decode(z, {}),
                           *dynamic_cast<GenerativeModel&>(*outer).decode(z, {})));
}

TEST(GanSampling, TheProtocolNamesStatisticsThatBatchesMoved) {
  EXPECT_EQ(sampling_protocol(gan_of("sampler.statistics_batches = 50"), 100)
                .at("sampler.statistics_batches"),
            "50");
  EXPECT_FALSE(sampling_protocol(gan_of(""), 100).contains("sampler.statistics_batches"));
}

}  // namespace
}  // namespace assay
