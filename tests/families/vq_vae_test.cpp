// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include "families/vq_vae/vector_quantiser.h"
#include "families/vq_vae/vq_vae_network.h"

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

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

}  // namespace
}  // namespace assay
