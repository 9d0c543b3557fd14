// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/likelihoods.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <numbers>

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

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

torch::Tensor level(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble).unsqueeze(0) / 127.5 - 1.0;
}

TEST(DiscretisedLogisticNll, IsScipys) {
  // scipy.stats.logistic.cdf at the edges of levels 0, 1, 100, 254, 255; scale 0.05.
  const auto mean = torch::tensor({{-0.95, -0.9, -0.25, 0.9, 0.97}}, torch::kDouble);
  const auto nll = discretised_logistic_nll(level({0, 1, 100, 254, 255}), mean,
                                            torch::tensor(0.05, torch::kDouble));
  EXPECT_NEAR(nll.item<double>(), 13.576945963075975, 1e-9);
}

TEST(DiscretisedLogisticNll, GivesAllLevelsAProbabilityOfOne) {
  for (const double scale : {0.003, 0.05, 2.0}) {
    const auto x = (torch::arange(256, torch::kFloat) / 127.5 - 1.0).unsqueeze(1);
    const auto nll = discretised_logistic_nll(x, torch::full_like(x, 0.3), torch::tensor(scale));
    EXPECT_NEAR((-nll).exp().sum().item<double>(), 1.0, 1e-5) << scale;
  }
}

TEST(DiscretisedLogisticNll, IsFiniteFarFromItsMean) {
  // 1.9 from the mean at scale 0.001: the log of the tail is −(1.9 − 1/255) / 0.001, far below what
  // a difference of sigmoids can hold.
  const auto x = level({250}).to(torch::kFloat);
  const auto nll = discretised_logistic_nll(x, x - 1.9, torch::tensor(0.001));
  EXPECT_NEAR(nll.item<double>(), (1.9 - 1.0 / 255.0) / 0.001, 1.0);
}

TEST(DiscretisedLogisticNll, HasTheGradientOfItsFiniteDifferences) {
  const auto x = level({0, 7, 128, 255});
  const auto start = torch::tensor({{-0.9, 0.1, 0.2, 0.5}}, torch::kDouble);
  auto mean = start.clone().requires_grad_();
  auto scale = torch::tensor(0.2, torch::kDouble).requires_grad_();
  discretised_logistic_nll(x, mean, scale).sum().backward();
  const auto at = [&](const torch::Tensor& m, double s) {
    return discretised_logistic_nll(x, m, torch::tensor(s, torch::kDouble)).item<double>();
  };
  constexpr double kStep = 1e-6;
  EXPECT_NEAR(scale.grad().item<double>(),
              (at(start, 0.2 + kStep) - at(start, 0.2 - kStep)) / (2 * kStep), 1e-6);
  for (int k = 0; k < 4; ++k) {
    auto up = start.clone(), down = start.clone();
    up[0][k] += kStep;
    down[0][k] -= kStep;
    EXPECT_NEAR(mean.grad()[0][k].item<double>(), (at(up, 0.2) - at(down, 0.2)) / (2 * kStep),
                1e-6);
  }
}

}  // namespace
}  // namespace assay
