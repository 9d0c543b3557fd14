// SPDX-License-Identifier: Apache-2.0
// Losses of training steps, against values that are formed here from the same draws.
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <string>

#include "tests/families/vae/seen.h"

namespace assay {
namespace {

class ImportanceWeightedVae : public ::testing::TestWithParam<std::pair<std::int64_t, double>> {};

TEST_P(ImportanceWeightedVae, MinimisesTheLogOfTheMeanWeightOfItsDraws) {
  const auto [draws, beta] = GetParam();
  const auto model =
      vae("objective.bound = \"iwae\"\nobjective.samples = " + std::to_string(draws) +
          "\nobjective.beta = " + std::to_string(beta) + "\n");
  spread_posterior(*model);
  const auto seen = before_step(*model, 2, draws);
  const auto zero = torch::zeros({}, torch::kDouble);
  const auto log_ratio = (log_normal_density(seen.z, zero, zero.exp()) -
                          log_normal_density(seen.z, seen.mu, seen.variance.sqrt()))
                             .sum(2);
  const auto weights = (beta * log_ratio - bernoulli_nats(seen)).exp();
  EXPECT_NEAR(step(*model, 0, 10, 2).at("loss"), -weights.mean(0).log().mean().item<double>(),
              1e-4);
}

INSTANTIATE_TEST_SUITE_P(DrawsAndBetas, ImportanceWeightedVae,
                         ::testing::Values(std::pair{1, 1.0}, std::pair{3, 1.0},
                                           std::pair{3, 2.0}));

double mean_nats(const Seen& seen) { return bernoulli_nats(seen).mean().item<double>(); }

// [N]
torch::Tensor kl_by_hand(const Seen& seen) {
  return 0.5 * (seen.mu.square() + seen.variance - 1.0 - seen.variance.log()).sum(1);
}

// A quarter of the way to 8 nats is 2; the penalty is the same on both sides of them.
TEST(Vae, PullsTheKlToItsCapacity) {
  for (const bool spread : {false, true}) {
    const auto model = vae(R"(objective.capacity = 8
objective.capacity_gamma = 10
objective.capacity_steps = 4
)");
    if (spread) spread_posterior(*model);
    const auto seen = before_step(*model, 8);
    const double kl = kl_by_hand(seen).mean().item<double>();
    EXPECT_EQ(kl > 2.0, spread);
    EXPECT_NEAR(step(*model, 1).at("loss"), mean_nats(seen) + 10.0 * std::abs(kl - 2.0), 1e-4);
  }
}

// log Σ_j w_ij q(z_i|x_j) for densities [N,N] of one row's z under all posteriors, with the weights
// of Chen et al. 2018, appendix C.2, for 100 images: the image itself 1/D, the next one
// (D − M)/(D·M), all others 1/M, M = N − 1.
torch::Tensor log_aggregate(const torch::Tensor& densities) {
  const std::int64_t n = densities.size(0);
  const double data = 100.0, others = static_cast<double>(n - 1);
  auto sums = torch::zeros({n}, torch::kDouble);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const double weight = j == i             ? 1.0 / data
                            : j == (i + 1) % n ? (data - others) / (data * others)
                                               : 1.0 / others;
      sums[i] += weight * densities[i][j];
    }
  }
  return sums.log();
}

TEST(Vae, SplitsTheKlIntoThreeWeightedParts) {
  const auto model = vae(R"(objective.kl_parts = "stratified"
objective.beta = 2
objective.mutual_information_weight = 0.5
objective.total_correlation_weight = 6
objective.dimension_wise_kl_weight = 3
train.batch_size = 8
)");
  spread_posterior(*model);
  const auto seen = before_step(*model, 8);
  const auto z = seen.z[0];
  const auto densities = log_normal_density(z.unsqueeze(1), seen.mu.unsqueeze(0),
                                            seen.variance.sqrt().unsqueeze(0))
                             .exp();  // [i,j,l]
  const auto own = log_normal_density(z, seen.mu, seen.variance.sqrt()).sum(1);
  const auto zero = torch::zeros({}, torch::kDouble);
  const auto prior = log_normal_density(z, zero, zero.exp()).sum(1);
  const auto joint = log_aggregate(densities.prod(2));
  auto product = torch::zeros({8}, torch::kDouble);
  for (std::int64_t l = 0; l < 3; ++l) product += log_aggregate(densities.select(2, l));
  const auto parts = 0.5 * (own - joint) + 6.0 * (joint - product) + 3.0 * (product - prior);
  const double expected = mean_nats(seen) + 2.0 * parts.mean().item<double>();
  EXPECT_NEAR(step(*model).at("loss"), expected, 1e-5 * std::abs(expected));
}

TEST(Vae, AddsGammaTimesTheDiscriminatorsTotalCorrelation) {
  const auto model = vae(R"(objective.factor_gamma = 2
model.discriminator_widths = [8]
)");
  spread_posterior(*model);
  const auto seen = before_step(*model, 8);
  auto state = state_of(*model);
  const auto affine = [&](const torch::Tensor& x, const std::string& layer) {
    return x.mm(state.at("discriminator." + layer + ".weight").to(torch::kDouble).t()) +
           state.at("discriminator." + layer + ".bias").to(torch::kDouble);
  };
  // Kim & Mnih 2018, eq. 3: the mean logit of "from q(z)" is the log of the density ratio.
  const auto hidden = affine(seen.z[0], "0");
  const auto logits = affine(torch::where(hidden > 0.0, hidden, 0.2 * hidden), "2");
  const double expected =
      mean_nats(seen) + kl_by_hand(seen).mean().item<double>() + 2.0 * logits.mean().item<double>();
  EXPECT_GT(std::abs(logits.mean().item<double>()), 1e-2);
  EXPECT_NEAR(step(*model).at("loss"), expected, 1e-4);
}

TEST(Vae, TrainsTheDiscriminatorToTellCodesFromPermutedOnes) {
  const auto model = vae("objective.factor_gamma = 2\nmodel.discriminator_widths = []\n");
  spread_posterior(*model);
  const auto z = before_step(*model, 8).z[0];
  const auto before = copy_of_state(*model);
  const auto logits = [&](const torch::Tensor& x) {
    return x.mm(before.at("discriminator.0.weight").to(torch::kDouble).t()) +
           before.at("discriminator.0.bias").to(torch::kDouble);
  };
  // Kim & Mnih 2018, algorithm 1: each dimension permuted by an order of its own.
  const auto noise = seeded(7);
  torch::randn({8, 3}, noise);
  const auto permuted = z.gather(0, torch::rand({8, 3}, noise).argsort(/*stable=*/true, /*dim=*/0));
  const auto expected =
      -0.5 * (logits(z).sigmoid().log().mean() + (1.0 - logits(permuted).sigmoid()).log().mean());
  EXPECT_NEAR(step(*model).at("discriminator_loss"), expected.item<double>(), 1e-5);
  EXPECT_FALSE(torch::equal(copy_of_state(*model).at("discriminator.0.weight"),
                            before.at("discriminator.0.weight")));
}

// The switches' own terms are compared one by one in vae_switches_test.cpp: here that each is
// added.
TEST(Vae, AddsAllPenaltiesThatAreAskedForAtOnce) {
  const std::string dip =
      "objective.dip = \"ii\"\nobjective.dip_off_diagonal = 3\n"
      "objective.dip_diagonal = 5\n";
  const std::string mmd = "objective.mmd_weight = 7\n";
  const auto loss_of = [](const std::string& switches) {
    const auto model = vae(switches);
    spread_posterior(*model);
    return step(*model).at("loss");
  };
  const double plain = loss_of("");
  const double penalties = (loss_of(dip) - plain) + (loss_of(mmd) - plain);
  EXPECT_GT(penalties, 1.0);
  EXPECT_NEAR(loss_of(dip + mmd), plain + penalties, 1e-3);
}

}  // namespace
}  // namespace assay
