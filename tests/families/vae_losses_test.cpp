// SPDX-License-Identifier: Apache-2.0
#include "families/vae_losses.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <numbers>

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

TEST(BernoulliNll, IsTheCrossEntropyOfEachImage) {
  // Logit 0: −log ½ whatever x; logit log 3 means y = ¾: x = 1 costs log 4/3.
  const auto x = torch::tensor({{0.3f, 1.0f}, {1.0f, 1.0f}});
  const double logit = std::log(3.0);
  const auto logits = torch::tensor({{0.0, 0.0}, {logit, logit}}).to(torch::kFloat);
  const auto nll = bernoulli_nll(x, logits);
  EXPECT_NEAR(nll[0].item<double>(), 2.0 * std::log(2.0), 1e-6);
  EXPECT_NEAR(nll[1].item<double>(), 2.0 * std::log(4.0 / 3.0), 1e-6);
}

TEST(GaussianNll, IntegratesToOne) {
  // Σ exp(−nll) dx over a fine grid of one pixel.
  const auto x = torch::linspace(-9.0, 11.0, 20001, torch::kDouble).unsqueeze(1);
  const auto nll = gaussian_nll(x, torch::ones_like(x), torch::tensor(1.3, torch::kDouble));
  EXPECT_NEAR((-nll).exp().sum().item<double>() * 1e-3, 1.0, 1e-6);
}

TEST(GaussianNll, IsTheDensityAtItsMean) {
  const auto x = torch::zeros({3, 1, 2, 2});
  const auto nll = gaussian_nll(x, x, torch::tensor(0.5));
  EXPECT_NEAR(nll[2].item<double>(), 4.0 * std::log(0.5 * std::sqrt(2.0 * std::numbers::pi)), 1e-5);
}

TEST(LaplaceNll, IntegratesToOne) {
  const auto x = torch::linspace(-19.0, 21.0, 40001, torch::kDouble).unsqueeze(1);
  const auto nll = laplace_nll(x, torch::ones_like(x), torch::tensor(0.7, torch::kDouble));
  EXPECT_NEAR((-nll).exp().sum().item<double>() * 1e-3, 1.0, 1e-5);
}

TEST(OptimalScale, MinimisesTheGaussianAndTheLaplaceLikelihood) {
  const auto x = torch::randn({4, 6}, seeded(1), torch::kDouble);
  const auto mean = torch::randn({4, 6}, seeded(2), torch::kDouble);
  const auto sigma = optimal_gaussian_sigma(x, mean), b = optimal_laplace_scale(x, mean);
  for (const double factor : {0.95, 1.05}) {
    EXPECT_GT(gaussian_nll(x, mean, factor * sigma).sum().item<double>(),
              gaussian_nll(x, mean, sigma).sum().item<double>());
    EXPECT_GT(laplace_nll(x, mean, factor * b).sum().item<double>(),
              laplace_nll(x, mean, b).sum().item<double>());
  }
}

TEST(OptimalScale, DetachingItLeavesTheGradientOfTheOptimalLikelihood) {
  // D log b(mean) differs from the loss with b detached by a constant only (Rybkin et al. 2021).
  const auto x = torch::randn({4, 6}, seeded(1), torch::kDouble);
  const auto start = torch::randn({4, 6}, seeded(2), torch::kDouble);
  auto mean = start.clone().requires_grad_(), same = start.clone().requires_grad_();
  laplace_nll(x, mean, optimal_laplace_scale(x, mean)).sum().backward();
  (24.0 * (x - same).abs().mean().log()).backward();
  EXPECT_TRUE(torch::allclose(mean.grad(), same.grad()));
  mean = start.clone().requires_grad_();
  same = start.clone().requires_grad_();
  gaussian_nll(x, mean, optimal_gaussian_sigma(x, mean)).sum().backward();
  (12.0 * (x - same).square().mean().log()).backward();
  EXPECT_TRUE(torch::allclose(mean.grad(), same.grad()));
}

TEST(KlWeight, RisesLinearlyOverTheWarmUp) {
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 10.0, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 10.0, 2.5), 1.0);
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 10.0, 30.0), 4.0);
  EXPECT_DOUBLE_EQ(kl_weight(4.0, 0.0, 0.0), 4.0);
}

}  // namespace
}  // namespace assay
