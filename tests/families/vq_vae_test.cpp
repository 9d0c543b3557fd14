// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/utils.h>

#include <map>

#include "families/latent_maps.h"
#include "families/registry.h"
#include "families/vq_vae/vector_quantiser.h"
#include "families/vq_vae/vq_vae_network.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

TEST(NearestCode, MinimisesTheEuclideanDistance) {
  const auto vectors = torch::randn({50, 3}, seeded(1)), codebook = torch::randn({7, 3}, seeded(2));
  EXPECT_TRUE(
      torch::equal(nearest_code(vectors, codebook), torch::cdist(vectors, codebook).argmin(1)));
}

TEST(Perplexity, IsTheNumberOfCodesInEqualUse) {
  EXPECT_NEAR(perplexity(torch::zeros({10}, torch::kLong), 8).item<double>(), 1.0, 1e-6);
  EXPECT_NEAR(perplexity(torch::arange(8, torch::kLong), 8).item<double>(), 8.0, 1e-5);
  EXPECT_NEAR(perplexity(torch::arange(40, torch::kLong).remainder(4), 8).item<double>(), 4.0,
              1e-5);
}

TEST(StraightThrough, PassesTheGradientOn) {
  auto vectors = torch::tensor({1.0, 2.0}).requires_grad_();
  const auto quantised = torch::tensor({1.5, 1.0});
  const auto out = straight_through(vectors, quantised);
  EXPECT_TRUE(torch::equal(out, quantised));
  (out * torch::tensor({3.0, 5.0})).sum().backward();
  EXPECT_TRUE(torch::equal(vectors.grad(), torch::tensor({3.0, 5.0})));
}

TEST(CommitmentLoss, MovesTheEncoderOnly) {
  auto vectors = torch::tensor({{1.0, 2.0}}).requires_grad_();
  auto codes = torch::tensor({{0.0, 4.0}}).requires_grad_();
  const auto loss = commitment_loss(vectors, codes);
  EXPECT_NEAR(loss.item<double>(), 2.5, 1e-6);
  loss.backward();
  EXPECT_TRUE(torch::equal(vectors.grad(), torch::tensor({{1.0, -2.0}})));
  EXPECT_FALSE(codes.grad().defined());
}

TEST(EmaCodebook, IsTheMeanOfItsVectorsAfterOneStep) {
  auto codebook = torch::tensor({{0.0}, {10.0}}, torch::kDouble);
  EmaCodebook averages(codebook, 0.9);
  const auto vectors = torch::tensor({{1.0}, {2.0}, {12.0}}, torch::kDouble);
  averages.update(vectors, nearest_code(vectors, codebook));
  // Bias-corrected averages of one batch are the batch's: up to the smoothing by 1e-5.
  EXPECT_NEAR(codebook[0][0].item<double>(), 1.5, 1e-4);
  EXPECT_NEAR(codebook[1][0].item<double>(), 12.0, 1e-4);
}

TEST(EmaCodebook, WeighsBatchesByTheirDecay) {
  auto codebook = torch::tensor({{0.0}}, torch::kDouble);
  EmaCodebook averages(codebook, 0.75);
  const auto index = torch::zeros({2}, torch::kLong);
  averages.update(torch::full({2, 1}, 1.0, torch::kDouble), index);
  averages.update(torch::full({2, 1}, 4.0, torch::kDouble), index);
  // Weights .75 · .25 and .25 over their sum .4375.
  EXPECT_NEAR(codebook.item<double>(), (0.1875 * 1.0 + 0.25 * 4.0) / 0.4375, 1e-4);
}

// Sonnet's VectorQuantizerEMA (sonnet/src/nets/vqvae.py) by hand, from averages that a checkpoint
// might hold: three codes of one dimension, decay 1/2, the second update.
TEST(EmaCodebook, SmoothsCountsAsSonnetDoesAndSendsUnusedCodesToTheOrigin) {
  struct Restore : StateVisitor {
    void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
      value.copy_(values.at(name));
    }
    std::map<std::string, torch::Tensor> values = {
        {"codebook.counts", torch::tensor({2.0, 3e-5, 0.0}, torch::kDouble)},
        {"codebook.sums", torch::tensor({{2.4}, {-6e-5}, {0.0}}, torch::kDouble)},
        {"codebook.steps", torch::tensor(1, torch::kLong)}};
  } restore;
  auto codebook = torch::tensor({{1.0}, {-2.0}, {7.0}}, torch::kDouble);
  EmaCodebook averages(codebook, 0.5);
  averages.visit_state(restore);
  averages.update(torch::tensor({{0.9}, {1.5}}, torch::kDouble), torch::zeros({2}, torch::kLong));
  // Halved, half the batch's added, over 1 - 0.5^2.
  const double n0 = (1.0 + 1.0) / 0.75, n1 = 1.5e-5 / 0.75, n = n0 + n1;
  const double m0 = (1.2 + 1.2) / 0.75, m1 = -3e-5 / 0.75;
  const double epsilon = 1e-5, share = n / (n + 3.0 * epsilon);
  EXPECT_NEAR(codebook[0].item<double>(), m0 / ((n0 + epsilon) * share), 1e-12);
  EXPECT_NEAR(codebook[1].item<double>(), m1 / ((n1 + epsilon) * share), 1e-12);
  EXPECT_EQ(codebook[2].item<double>(), 0.0);
}

TEST(SamplePositions, DrawsEachPositionByItsShares) {
  // Position 0 shows code 2 always, position 1 codes 0 and 1 in shares ¾ and ¼.
  const auto seen = torch::tensor({{2, 0}, {2, 0}, {2, 1}, {2, 0}}, torch::kLong);
  const auto drawn = sample_positions(position_shares(seen, 3), 4000, seeded(1));
  EXPECT_TRUE((drawn.select(1, 0) == 2).all().item<bool>());
  // Standard error .0068.
  EXPECT_NEAR((drawn.select(1, 1) == 1).to(torch::kDouble).mean().item<double>(), 0.25, 0.034);
  EXPECT_LE(drawn.select(1, 1).max().item<std::int64_t>(), 1);
}

TEST(VqVaeNetwork, TurnsMapsIntoVectorsAndBack) {
  torch::manual_seed(1);
  VqVaeNetwork network(VqVaeNetworkOptions{
      .image_shape = {1, 8, 12}, .channels = 8, .residual_channels = 4, .codes = 5, .code_dim = 3});
  const auto encoded = network->encode(torch::rand({2, 1, 8, 12}, seeded(1)));
  EXPECT_EQ(encoded.sizes(), (std::vector<std::int64_t>{2, 3, 2, 3}));
  const auto indices = nearest_code(VqVaeNetworkImpl::to_vectors(encoded), network->codebook());
  const auto maps = network->to_maps(indices.view({2, 6}));
  EXPECT_EQ(maps.sizes(), encoded.sizes());
  // Second image, row 1, column 2 is vector 6 + 3 + 2.
  EXPECT_TRUE(torch::equal(maps.select(0, 1).select(1, 1).select(1, 2),
                           network->codebook()[indices[11].item<std::int64_t>()]));
  EXPECT_EQ(network->decode(maps).sizes(), (std::vector<std::int64_t>{2, 1, 8, 12}));
}

TEST(VqVaeNetwork, OfMapsHasLatentDiffusionsEncoderAndDecoder) {
  // CompVis/latent-diffusion's Encoder and Decoder of the configuration vq-f4, ch 32 and groups 8
  // for 128 and 32, without the 1x1 convolutions beside the codebook: counted there.
  VqVaeNetworkOptions options{.kind = VqVaeNetworkKind::kMaps,
                              .image_shape = {3, 32, 48},
                              .codes = 5,
                              .code_dim = 3,
                              .level_channels = {32, 64, 128},
                              .blocks = 2};
  EXPECT_EQ(options.factor(), 4);
  VqVaeNetwork network(options);
  const auto encoded = network->encode(torch::rand({2, 3, 32, 48}, seeded(1)));
  EXPECT_EQ(encoded.sizes(), (std::vector<std::int64_t>{2, 3, 8, 12}));
  const auto indices = nearest_code(VqVaeNetworkImpl::to_vectors(encoded), network->codebook());
  const auto maps = network->to_maps(indices.view({2, 96}));
  EXPECT_EQ(network->decode(maps).sizes(), (std::vector<std::int64_t>{2, 3, 32, 48}));
  std::int64_t weights = 0;
  for (const auto& parameter : network->parameters()) weights += parameter.numel();
  EXPECT_EQ(weights, 3471910);
  options.level_channels = {32, 64, 60};
  EXPECT_THAT(vq_vae_network_misfit(options), testing::HasSubstr("60 in model.level_channels"));
  options.level_channels = {32, 64, 96, 128, 160, 192};
  EXPECT_THAT(vq_vae_network_misfit(options),
              testing::HasSubstr("6 entries of model.level_channels need images with sides that 32 "
                                 "divides, not 32x48"));
  options.level_channels = {};
  EXPECT_EQ(vq_vae_network_misfit(options), "model.level_channels is empty");
}

// Latents that a diffusion model makes lie beside the codebook's entries.
TEST(VqVae, LooksUpWhatIsNearestToLatentsBeforeItDecodesThem) {
  const auto model = small_model(R"(family = "vq_vae"
model.channels = 8
model.residual_channels = 4
model.codes = 5
model.code_dim = 3
)",
                                 {1, 8, 8});
  auto& maps = dynamic_cast<LatentMaps&>(*model);
  EXPECT_EQ(maps.latent_shape(), (std::vector<std::int64_t>{3, 2, 2}));
  const auto codebook = state_of(*model).at("network.codebook");
  const auto latents = maps.to_latents(torch::rand({4, 1, 8, 8}, seeded(2)) * 2.0 - 1.0);
  const auto vectors = latents.permute({0, 2, 3, 1}).reshape({-1, 3});
  EXPECT_EQ(torch::cdist(vectors, codebook).amin(1).max().item<double>(), 0.0);
  const double apart =
      (torch::cdist(codebook, codebook) + 10.0 * torch::eye(5)).min().item<double>();
  const auto beside = latents + 0.2 * apart * torch::rand(latents.sizes(), seeded(3));
  EXPECT_TRUE(torch::equal(maps.from_latents(beside), maps.from_latents(latents)));
}

// The reconstruction's gradient passes the quantiser as if it were not there.
TEST(VqVae, ItsEncoderLearnsWithoutACommitmentToo) {
  const auto model = small_model(R"(family = "vq_vae"
model.channels = 8
model.residual_channels = 4
model.codes = 5
model.code_dim = 3
objective.commitment = 0
)",
                                 {1, 8, 8});
  const auto before = copy_of_state(*model);
  logged_by_step(*model, {torch::rand({4, 1, 8, 8}, seeded(2)) * 2.0 - 1.0, {}});
  const std::string first = "network.encoder.0.weight";
  EXPECT_FALSE(torch::equal(copy_of_state(*model).at(first), before.at(first)));
}

// One step of the family against its equation, on values of the same network built here.
TEST(VqVae, MinimisesTheErrorInUnitsOfTheImagesVarianceAndTheWeightedCommitment) {
  const auto definition = resolve_text(R"(family = "vq_vae"
model.channels = 8
model.residual_channels = 4
model.codes = 5
model.code_dim = 3
objective.commitment = 0.7
)",
                                       "here.toml", family_schema, {});
  const auto pixels = torch::randint(0, 90, {12, 1, 8, 8}, seeded(1), torch::kUInt8);
  torch::manual_seed(1);
  const auto model = family("vq_vae").make(
      {.definition = definition, .example_shape = {1, 8, 8}, .training_images = pixels});
  VqVaeNetwork same(VqVaeNetworkOptions{
      .image_shape = {1, 8, 8}, .channels = 8, .residual_channels = 4, .codes = 5, .code_dim = 3});
  const State state = state_of(*model);
  const torch::NoGradGuard no_grad;
  for (auto& item : same->named_parameters()) {
    item.value().copy_(state.at("network." + item.key()));
  }
  auto codebook = same->codebook();
  codebook.copy_(state.at("network.codebook"));

  const auto images = pixels.slice(0, 0, 6).to(torch::kFloat) / 127.5 - 1.0;
  const auto encoded = same->encode(images);
  const auto vectors = encoded.permute({0, 2, 3, 1}).reshape({-1, 3});
  const auto chosen = torch::cdist(vectors, codebook).argmin(1);
  const auto quantised = codebook.index_select(0, chosen);
  const auto maps = quantised.view({6, 2, 2, 3}).permute({0, 3, 1, 2});
  const auto means = 2.0 * torch::sigmoid(same->decode(maps)) - 1.0;
  const double error = torch::mse_loss(means, images).item<double>();
  const double commitment = torch::mse_loss(vectors, quantised).item<double>();
  const double variance =
      torch::var(pixels.to(torch::kDouble), false).item<double>() / 127.5 / 127.5;

  std::map<std::string, double> values;
  {
    const torch::AutoGradMode with_gradients(true);
    for (const auto& term :
         model->training_step({images, {}}, {.total_steps = 1, .noise = seeded(2)})) {
      values[term.name] = term.value.item<double>();
    }
  }
  EXPECT_NEAR(values.at("reconstruction_mse"), error, 1e-6);
  EXPECT_NEAR(values.at("commitment"), commitment, 1e-6);
  EXPECT_NEAR(values.at("loss"), error / variance + 0.7 * commitment, 1e-4);
  // The first update takes each code in use to the mean of its vectors.
  for (std::int64_t code = 0; code < 5; ++code) {
    const auto members = vectors.index({chosen == code});
    const auto expected = members.size(0) > 0 ? members.mean(0) : torch::zeros({3});
    EXPECT_TRUE(torch::allclose(state.at("network.codebook")[code], expected, 1e-4, 1e-5));
  }
}

}  // namespace
}  // namespace assay
