// SPDX-License-Identifier: Apache-2.0

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <numbers>

#include "families/objectives/kl_term.h"
#include "families/objectives/kl_weight.h"
#include "families/objectives/posterior.h"

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

TEST(Reparameterise, ShiftsAndScalesTheNoise) {
  // σ = exp(½ log 4) = 2: z = 1 + 2 · 3.
  const auto z = reparameterise(torch::ones({1, 1}), torch::full({1, 1}, std::log(4.0)),
                                torch::full({1, 1}, 3.0));
  EXPECT_NEAR(z.item<double>(), 7.0, 1e-6);
}

TEST(KlToStandardNormal, IsZeroForTheStandardNormal) {
  const auto kl = kl_to_standard_normal(torch::zeros({2, 5}), torch::zeros({2, 5}));
  EXPECT_TRUE(torch::equal(kl, torch::zeros({2})));
}

TEST(KlToStandardNormal, IsHalfTheSquaredMeanForUnitVariance) {
  const auto mu = torch::tensor({{3.0f, 4.0f}});
  EXPECT_FLOAT_EQ(kl_to_standard_normal(mu, torch::zeros({1, 2})).item<float>(), 12.5f);
}

TEST(KlToStandardNormal, EqualsAMonteCarloAverageOfTheLogRatio) {
  const auto mu = torch::tensor({{0.5, -1.0}}, torch::kDouble);
  const auto logvar = torch::tensor({{0.4, -0.8}}, torch::kDouble);
  const auto eps = torch::randn({400000, 2}, seeded(1), torch::kDouble);
  const auto z = mu + (0.5 * logvar).exp() * eps;
  const auto log_q = -0.5 * (eps.square() + logvar).sum(1);
  const auto ratio = log_q + 0.5 * z.square().sum(1);
  const double error = ratio.std().item<double>() / std::sqrt(400000.0);
  EXPECT_NEAR(kl_to_standard_normal(mu, logvar).item<double>(), ratio.mean().item<double>(),
              5.0 * error);
}

TEST(LogPriorOverPosterior, IsTheDifferenceOfTheTwoLogDensities) {
  // z = 1 + 0.5·2 = 2 under N(1, 0.25): log N(2; 0, 1) − log N(2; 1, 0.25), once in each of two
  // dimensions.
  const auto mu = torch::full({1, 2}, 1.0, torch::kFloat64);
  const auto logvar = torch::full({1, 2}, std::log(0.25), torch::kFloat64);
  const auto eps = torch::full({1, 2}, 2.0, torch::kFloat64);
  const double two_pi = 2.0 * std::acos(-1.0);
  const double prior = -0.5 * std::log(two_pi) - 2.0;
  const double posterior = -0.5 * std::log(two_pi * 0.25) - 0.5 / 0.25;
  EXPECT_NEAR(log_prior_over_posterior(mu, logvar, eps).item<double>(), 2.0 * (prior - posterior),
              1e-12);
}

TEST(KlToStandardNormal, RefusesDifferentShapes) {
  EXPECT_THROW(kl_to_standard_normal(torch::zeros({2, 3}), torch::zeros({2, 4})), c10::Error);
}

// mu, logvar and z of the reference values below, which come from scipy (norm.logpdf, logsumexp):
// i, l = rows 0-3, columns 0-2; z = sin(1 + 2i + 3l), mu = cos(i + l), logvar = sin(i − l) / 2.
torch::Tensor grid(double offset, double of_row, double of_column) {
  const auto i = torch::arange(4, torch::kDouble).unsqueeze(1);
  const auto l = torch::arange(3, torch::kDouble).unsqueeze(0);
  return offset + of_row * i + of_column * l;
}
const auto z = [] { return grid(1, 2, 3).sin(); };
const auto posterior = [] { return Posterior{grid(0, 1, 1).cos(), 0.5 * grid(0, 1, -1).sin()}; };

TEST(LogNormal, IsScipys) {
  const auto log_density = log_normal(z(), posterior().mu, posterior().logvar)[0];
  EXPECT_NEAR(log_density[0].item<double>(), -0.93150426, 1e-8);
  EXPECT_NEAR(log_density[1].item<double>(), -1.98984841, 1e-8);
  EXPECT_NEAR(log_density[2].item<double>(), -1.59886816, 1e-8);
}

TEST(KlPerDimension, SumsToTheKl) {
  const auto [mu, logvar] = posterior();
  EXPECT_TRUE(
      torch::allclose(kl_per_dimension(mu, logvar).sum(1), kl_to_standard_normal(mu, logvar)));
}

TEST(FreeBits, ChargeEachDimensionAtLeastTheFreeNats) {
  // Batch means 0.5 and 1.8: max(1, 0.5) + max(1, 1.8), not a maximum for each image.
  const auto kl = torch::tensor({{0.2, 3.0}, {0.8, 0.6}}, torch::kDouble).requires_grad_();
  const auto charged = free_bits_kl(kl, 1.0);
  EXPECT_NEAR(charged.item<double>(), 2.8, 1e-12);
  charged.backward();
  // The first dimension has no gradient; the second has that of a mean over two images.
  EXPECT_TRUE(torch::equal(kl.grad(), torch::tensor({{0.0, 0.5}, {0.0, 0.5}}, torch::kDouble)));
}

TEST(FreeBits, OfZeroAreTheKl) {
  const auto kl = torch::tensor({{0.2, 3.0}, {0.8, 1.0}}, torch::kDouble);
  EXPECT_NEAR(free_bits_kl(kl, 0.0).item<double>(), kl.sum(1).mean().item<double>(), 1e-12);
}

TEST(Capacity, PullsTheKlFromBothSides) {
  auto kl = torch::tensor(3.0, torch::kDouble).requires_grad_();
  const auto above = capacity_distance(kl, 5.0);
  EXPECT_DOUBLE_EQ(above.item<double>(), 2.0);
  above.backward();
  EXPECT_DOUBLE_EQ(kl.grad().item<double>(), -1.0);
}

TEST(ImportanceWeightedBound, IsTheLogLikelihoodWhenThePosteriorIsExact) {
  // z ~ N(0,1), x|z ~ N(z, s²): p(x) = N(0, 1 + s²), q = N(x/(1+s²), s²/(1+s²)). Every weight is
  // p(x), whatever was drawn.
  const double s2 = 0.25, x = 1.3;
  const auto mu = torch::full({5, 1}, x / (1.0 + s2), torch::kDouble);
  const auto logvar = torch::full({5, 1}, std::log(s2 / (1.0 + s2)), torch::kDouble);
  const auto eps = torch::randn({5, 1}, seeded(3), torch::kDouble);
  const auto draws = reparameterise(mu, logvar, eps);
  const auto log_likelihood =
      -0.5 * (x - draws).square() / s2 - 0.5 * std::log(2.0 * std::numbers::pi * s2);
  const auto weights = log_prior_over_posterior(mu, logvar, eps).unsqueeze(1) + log_likelihood;
  const double exact =
      -0.5 * x * x / (1.0 + s2) - 0.5 * std::log(2.0 * std::numbers::pi * (1.0 + s2));
  EXPECT_NEAR(importance_weighted_bound(weights).item<double>(), exact, 1e-12);
}

TEST(ImportanceWeightedBound, RisesWithItsSamplesUpToTheLogLikelihood) {
  // z ~ N(0,1), x|z ~ N(z,1), so p(x) = N(0, 2), under a posterior that is wrong (Burda et al.
  // 2016, theorem 1: L_k ≤ L_{k+1} ≤ log p(x)). Means of 20,000 bounds each.
  const double x = 1.0;
  const auto mean_bound = [&](std::int64_t samples) {
    const auto mu = torch::full({samples, 20'000, 1}, 1.2, torch::kDouble);
    const auto logvar = torch::full({samples, 20'000, 1}, 0.3, torch::kDouble);
    const auto eps = torch::randn(mu.sizes(), seeded(4), torch::kDouble);
    const auto draws = reparameterise(mu, logvar, eps);
    const auto log_joint =
        -0.5 * (x - draws).square() - 0.5 * draws.square() - std::log(2.0 * std::numbers::pi);
    const auto log_posterior = -0.5 * (eps.square() + logvar + std::log(2.0 * std::numbers::pi));
    return importance_weighted_bound((log_joint - log_posterior).squeeze(2)).mean().item<double>();
  };
  const double exact = -0.25 * x * x - 0.5 * std::log(4.0 * std::numbers::pi);
  const double one = mean_bound(1), five = mean_bound(5), fifty = mean_bound(50);
  EXPECT_LT(one + 0.05, five);
  EXPECT_LT(five + 0.005, fifty);
  EXPECT_LT(fifty, exact);
  EXPECT_NEAR(fifty, exact, 0.02);
}

TEST(ImportanceWeightedBound, IsTheLogOfTheMeanWeight) {
  const auto weights = torch::tensor({{1.0, 0.5}, {3.0, 0.5}}, torch::kDouble).log();
  const auto bound = importance_weighted_bound(weights);
  EXPECT_NEAR(bound[0].item<double>(), std::log(2.0), 1e-12);
  EXPECT_NEAR(bound[1].item<double>(), std::log(0.5), 1e-12);
}

TEST(KlWeight, RisesLinearlyOverTheWarmUp) {
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 10.0, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 10.0, 2.5), 1.0);
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 10.0, 30.0), 4.0);
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 0.0, 0.0), 4.0);
}

TEST(CyclicalKlWeight, RisesAnewInEachCycle) {
  // 100 steps in 4 cycles of 25, rising over the first half of each.
  EXPECT_DOUBLE_EQ(cyclical_kl_weight(2.0, 0, 100, 4, 0.5), 0.0);
  EXPECT_DOUBLE_EQ(cyclical_kl_weight(2.0, 5, 100, 4, 0.5), 2.0 * 5.0 / 12.5);
  EXPECT_DOUBLE_EQ(cyclical_kl_weight(2.0, 20, 100, 4, 0.5), 2.0);
  EXPECT_DOUBLE_EQ(cyclical_kl_weight(2.0, 25, 100, 4, 0.5), 0.0);
  EXPECT_DOUBLE_EQ(cyclical_kl_weight(2.0, 80, 100, 4, 0.5), 2.0 * 5.0 / 12.5);
}

TEST(CapacityAt, GrowsLinearlyAndStays) {
  EXPECT_DOUBLE_EQ(capacity_at(25.0, 0, 1000), 0.0);
  EXPECT_DOUBLE_EQ(capacity_at(25.0, 400, 1000), 10.0);
  EXPECT_DOUBLE_EQ(capacity_at(25.0, 5000, 1000), 25.0);
}

}  // namespace
}  // namespace assay
