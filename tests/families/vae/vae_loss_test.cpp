// SPDX-License-Identifier: Apache-2.0
// Losses of training steps, against values that are formed here from the same draws.
#include <gtest/gtest.h>
#include <torch/nn.h>

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

TEST(Vae, AddsTheWeightedKl) {
  const auto model = vae("objective.beta = 3\n");
  const auto values = step(*model);
  EXPECT_NEAR(values.at("loss"), values.at("reconstruction_nats") + 3.0 * values.at("kl_nats"),
              1e-4);
}

TEST(Vae, SplitsTheKlIntoThreeWeightedParts) {
  const auto model = vae(R"(objective.kl_parts = "stratified"
objective.beta = 2
objective.mutual_information_weight = 0.5
objective.total_correlation_weight = 6
objective.dimension_wise_kl_weight = 3
)");
  const auto v = step(*model);
  EXPECT_NEAR(v.at("loss"),
              v.at("reconstruction_nats") + 2.0 * (0.5 * v.at("mutual_information_nats") +
                                                   6.0 * v.at("total_correlation_nats") +
                                                   3.0 * v.at("dimension_wise_kl_nats")),
              1e-4);
}

TEST(Vae, PullsTheKlToItsCapacity) {
  const auto model = vae(R"(objective.capacity = 8
objective.capacity_gamma = 10
objective.capacity_steps = 4
)");
  const auto v = step(*model, 1);  // a quarter of the way: 2 nats
  EXPECT_NEAR(v.at("loss"), v.at("reconstruction_nats") + 10.0 * std::abs(v.at("kl_nats") - 2.0),
              1e-3);
}

TEST(Vae, AddsThePenaltiesThatAreAskedFor) {
  const auto model = vae(R"(objective.factor_gamma = 2
model.discriminator_widths = [8]
objective.dip = "ii"
objective.dip_off_diagonal = 3
objective.dip_diagonal = 5
objective.mmd_weight = 7
)");
  const auto v = step(*model);
  EXPECT_NEAR(v.at("loss"),
              v.at("reconstruction_nats") + v.at("kl_nats") +
                  2.0 * v.at("factor_total_correlation_nats") +
                  3.0 * v.at("covariance_off_diagonal") + 5.0 * v.at("covariance_diagonal") +
                  7.0 * v.at("mmd"),
              1e-3);
}

}  // namespace
}  // namespace assay
