// SPDX-License-Identifier: Apache-2.0
#include "families/autoencoder/gaussian_mixture.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

TEST(GaussianMixture, OfOneGaussianIsItsMomentsAndComesBackAsSamples) {
  const auto root = torch::tensor({{2.0, 0.0}, {1.0, 0.5}}, torch::kDouble);
  const auto codes =
      torch::matmul(torch::randn({2000, 2}, seeded(1), torch::kDouble), root.t()) + 3.0;
  const auto fitted = fit_gaussian(codes);
  EXPECT_TRUE(torch::allclose(fitted.means[0], codes.mean(0)));
  EXPECT_TRUE(torch::allclose(fitted.covariances[0], torch::cov(codes.t(), 0)));
  const auto samples = sample_mixture(fitted, 20000, seeded(2)).to(torch::kDouble);
  EXPECT_TRUE(torch::allclose(samples.mean(0), codes.mean(0), 0.0, 0.1));
  EXPECT_TRUE(torch::allclose(torch::cov(samples.t()), torch::cov(codes.t()), 0.1, 0.02));
}

TEST(GaussianMixture, SamplesOfASingularCovarianceStayOnItsLine) {
  const auto line = torch::arange(10, torch::kDouble);
  const auto samples =
      sample_mixture(fit_gaussian(torch::stack({line, 2.0 * line}, 1)), 50, seeded(1));
  EXPECT_TRUE(torch::allclose(samples.select(1, 1), 2.0 * samples.select(1, 0), 0.0, 1e-4));
}

// 60 points in three groups; scikit-learn 1.9.1, GaussianMixture(3, reg_covar=1e-6) started from
// the same three groups.
torch::Tensor three_groups() {
  const auto i = torch::arange(60, torch::kDouble);
  return torch::stack(
      {(1.7 * i).sin() + 3.0 * i.remainder(3), 0.5 * (2.3 * i).cos() + 1.5 * i.remainder(2)}, 1);
}

TEST(ExpectationMaximisation, TakesScikitLearnsFirstStep) {
  const auto groups = torch::one_hot(torch::arange(60, torch::kLong).remainder(3), 3);
  const auto fit = expectation_maximisation(three_groups(), groups, 0.0, 1);
  EXPECT_NEAR(fit.log_likelihood, -3.3781552762521283, 1e-9);
  EXPECT_NEAR(mean_log_likelihood(fit.mixture, three_groups()), -3.37615758083241, 1e-9);
  EXPECT_NEAR(fit.mixture.means[0][1].item<double>(), 0.7430365928837289, 1e-9);
  EXPECT_NEAR(fit.mixture.weights[2].item<double>(), 0.33222764695078766, 1e-9);
  EXPECT_NEAR(fit.mixture.covariances[0][0][1].item<double>(), -0.024856626581419895, 1e-9);
}

TEST(ExpectationMaximisation, EndsWhereScikitLearnEnds) {
  const auto groups = torch::one_hot(torch::arange(60, torch::kLong).remainder(3), 3);
  const auto fit = expectation_maximisation(three_groups(), groups, 1e-12, 200);
  EXPECT_NEAR(mean_log_likelihood(fit.mixture, three_groups()), -3.3754421021591536, 1e-9);
  EXPECT_NEAR(fit.mixture.means[2][0].item<double>(), 6.068501059346977, 1e-5);
}

TEST(GaussianMixture, FindsThreeGroupsWhateverItsSeed) {
  auto noise = seeded(1);
  const auto centres = torch::tensor({{0.0, 0.0}, {10.0, 0.0}, {0.0, 10.0}}, torch::kDouble);
  const auto codes = torch::randn({600, 2}, noise, torch::kDouble) + centres.repeat({200, 1});
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto fit = fit_gaussian_mixture(codes, 3, seeded(seed));
    EXPECT_TRUE(torch::allclose(fit.mixture.weights, torch::full({3}, 1.0 / 3.0, torch::kDouble),
                                0.0, 1e-3));
  }
}

}  // namespace
}  // namespace assay
