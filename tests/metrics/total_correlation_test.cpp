// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/total_correlation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

at::Tensor matrix_of(const nlohmann::json& rows) {
  std::vector<double> values;
  for (const auto& row : rows) {
    for (const auto& value : row) values.push_back(value.get<double>());
  }
  return at::tensor(values, at::kDouble).view({static_cast<std::int64_t>(rows.size()), -1});
}

MetricInputs inputs_of(const at::Tensor& codes, const at::Tensor& logvar) {
  MetricInputs inputs;
  inputs.codes.means = codes;
  inputs.codes.logvar = logvar;
  return inputs;
}

MetricValue score(const MetricInputs& inputs) {
  return metric("total_correlation").compute(inputs);
}

/// Posteriors of variance ½ about means with a covariance of ½ [[1, c], [c, 1]], so that the
/// aggregate is a Gaussian with variances 1 and correlation c/2 in the limit of many images.
MetricInputs correlated(double c, std::int64_t rows, std::uint64_t seed) {
  const auto e = normal_matrix(seed, rows, 2) * std::sqrt(0.5);
  const auto second = c * e.select(1, 0) + std::sqrt(1.0 - c * c) * e.select(1, 1);
  const auto mu = at::stack({e.select(1, 0), second}, 1);
  return inputs_of(mu, at::full_like(mu, std::log(0.5)));
}

TEST(TotalCorrelation, AgreesWithItsFormulaInScipy) {
  // mig_oracle.json's mu, logvar and z, with p = scipy.stats.norm.logpdf(z[:, None], mu, exp(logvar
  // / 2)), lse = scipy.special.logsumexp and n = 120 (SciPy 1.17.1):
  //   lse(p.sum(2), 1) - log(n) - (lse(p, 1) - log(n)).sum(1)
  const auto oracle = oracle_json("mig_oracle.json");
  const auto mu = matrix_of(oracle["mu"]);
  const auto terms = total_correlation_terms(
      {{mu, matrix_of(oracle["logvar"])}, at::arange(120, at::kLong), matrix_of(oracle["z"])});
  EXPECT_NEAR(terms.mean().item<double>(), 0.23385405284169733, 1e-13);
  EXPECT_NEAR(terms[0].item<double>(), 1.13592697, 1e-8);
  EXPECT_NEAR(terms.std().item<double>() / std::sqrt(120.0), 0.05954876118131516, 1e-13);
}

TEST(TotalCorrelation, OfAGaussianAggregateIsItsClosedForm) {
  // −½ log(1 − ρ²) with ρ = 0.45: 0.113. 6000 kernels as wide as half the variance smooth their own
  // sampling error to below the estimate's.
  const auto value = score(correlated(0.9, 6000, 3));
  EXPECT_NEAR(value.value, -0.5 * std::log(1.0 - 0.45 * 0.45), 4.0 * value.standard_error);
  EXPECT_LT(value.standard_error, 0.008);
  EXPECT_EQ(value.protocol.at("n_real"), "6000");
  EXPECT_EQ(value.protocol.at("samples"), "6000");
}

TEST(TotalCorrelation, IsZeroOfIndependentCodesAndOfOne) {
  // Means on a whole grid: the aggregate is exactly the product of its margins.
  const auto i = at::arange(20, at::kDouble);
  const auto mu = at::stack({i.remainder(5), i.floor_divide(5)}, 1);
  const auto value = score(inputs_of(mu, at::full_like(mu, -4.0)));
  EXPECT_NEAR(value.value, 0.0, 1e-13);
  EXPECT_NEAR(value.standard_error, 0.0, 1e-13);
  const auto one = mu.slice(1, 0, 1);
  EXPECT_NEAR(score(inputs_of(one, at::zeros_like(one))).value, 0.0, 1e-13);
}

TEST(TotalCorrelation, OfEightNarrowTwinsIsTheEntropyOfEight) {
  // Two codes that both name one of eight images: log 8; q(z) = 1/8, q(z_1) = q(z_2) = 1/8. With
  // densities e^40 high in 40 codes, whose product would not fit into f64.
  const auto names = at::arange(8, at::kDouble).unsqueeze(1);
  const auto two = names.expand({8, 2}).contiguous();
  EXPECT_NEAR(score(inputs_of(two, at::full_like(two, -20.0))).value, std::log(8.0), 1e-12);
  const auto many = names.expand({8, 40}).contiguous();
  EXPECT_NEAR(score(inputs_of(many, at::full_like(many, -80.0))).value, 39.0 * std::log(8.0),
              1e-10);
}

TEST(TotalCorrelation, ItsStandardErrorIsThatOfOtherSeeds) {
  auto inputs = correlated(0.9, 500, 5);
  std::vector<double> values, errors;
  for (int seed = 0; seed < 60; ++seed) {
    inputs.options["total_correlation.seed"] = seed;
    const auto value = score(inputs);
    values.push_back(value.value);
    errors.push_back(value.standard_error);
  }
  // The sd of 60 values is known to 1/√118 = 9 %. The rows stay the same, which takes a little off.
  const double spread = at::tensor(values, at::kDouble).std().item<double>();
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.35 * spread);
}

TEST(TotalCorrelation, RefusesWhatHasNoPosterior) {
  const auto codes = normal_matrix(1, 20, 3);
  EXPECT_THAT(refusal([&] { score(inputs_of(codes, {})); }),
              HasSubstr("total_correlation: the posterior log-variance input is absent"));
  EXPECT_THAT(refusal([&] {
                score(inputs_of(codes, at::zeros({20, 2})));
              }),
              HasSubstr("each posterior mean needs its own"));
}

TEST(TotalCorrelation, DoesNotDependOnThreads) {
  const auto inputs = correlated(0.5, 1500, 7);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = score(inputs);
  at::set_num_threads(3);
  const auto three = score(inputs);
  at::set_num_threads(before);
  EXPECT_EQ(one.value, three.value);
  EXPECT_EQ(one.standard_error, three.standard_error);
}

MetricValue gaussian(const at::Tensor& codes) {
  return metric("gaussian_total_correlation").compute(inputs_of(codes, {}));
}

TEST(GaussianTotalCorrelation, OfTwoCodesIsTheLogarithmOfTheirCorrelation) {
  // Four points with variances 1 and covariance 0.6: −½ log(1 − 0.36).
  const auto codes = at::tensor({1.0, 1.0, -1.0, -1.0, 1.4, -0.2, 0.2, -1.4}, at::kDouble);
  const auto rows = codes.view({2, 4}).t().contiguous();
  EXPECT_NEAR(gaussian_total_correlation(rows), -0.5 * std::log(1.0 - 0.36), 1e-14);
  // Neither scale nor place matters.
  EXPECT_NEAR(gaussian_total_correlation(rows * at::tensor({1e-6, -5.0}, at::kDouble) + 3.0),
              -0.5 * std::log(1.0 - 0.36), 1e-8);
}

TEST(GaussianTotalCorrelation, AgreesWithNumpyAndItsJackknife) {
  // C = np.cov(codes.T) of codes_oracle.json without its constant column: 0.5 * (log(diag(C)).sum()
  // - np.linalg.slogdet(C)[1]), and its delete-one jackknife over rows (NumPy 2).
  const auto value =
      gaussian(matrix_of(oracle_json("codes_oracle.json")["disentanglement"]["codes"]));
  EXPECT_NEAR(value.value, 0.2067853133056034, 1e-13);
  EXPECT_NEAR(value.standard_error, 0.02806751, 0.02 * 0.0281);
}

TEST(GaussianTotalCorrelation, IsInfiniteIfOneCodeFollowsFromOthers) {
  const auto codes = normal_matrix(2, 100, 2);
  const auto value = gaussian(at::cat({codes, codes.slice(1, 0, 1)}, 1));
  EXPECT_EQ(value.value, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(value.standard_error));
  EXPECT_EQ(gaussian(at::zeros({5, 2})).value, 0.0);
  EXPECT_THAT(refusal([&] { gaussian(codes.slice(1, 0, 1)); }), HasSubstr("one code only"));
}

}  // namespace
}  // namespace assay
