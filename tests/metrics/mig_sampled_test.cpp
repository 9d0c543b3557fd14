// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "metrics/codes/mig_sampled.h"
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

MetricInputs inputs_of(const at::Tensor& codes, const at::Tensor& logvar,
                       const at::Tensor& factors) {
  MetricInputs inputs;
  inputs.codes.means = codes;
  inputs.codes.logvar = logvar;
  inputs.codes.factors = factors;
  return inputs;
}

MetricValue score(const at::Tensor& codes, const at::Tensor& logvar, const at::Tensor& factors) {
  return metric("mig_sampled").compute(inputs_of(codes, logvar, factors));
}

/// Every combination of two factors of 5 and 4 values, `times` times.
at::Tensor factor_grid(std::int64_t times) {
  const auto i = at::arange(20 * times, at::kLong);
  return at::stack({i.remainder(5), i.floor_divide(5).remainder(4)}, 1);
}

at::Tensor oracle_factors(const nlohmann::json& oracle) {
  return matrix_of(oracle["factors"]).to(at::kLong);
}

/// The oracle's samples of its first codes.
PosteriorSamples oracle_samples(const nlohmann::json& oracle, std::int64_t codes) {
  const auto of = [&](const char* name) { return matrix_of(oracle[name]).slice(1, 0, codes); };
  return {{of("mu"), of("logvar")}, at::arange(of("mu").size(0), at::kLong), of("z")};
}

TEST(MigSampled, AgreesWithItsAuthorsAlgorithmInNumpy) {
  const auto expected = oracle_json("mig_oracle.json");
  auto samples = oracle_samples(expected, 4);
  const auto factors = oracle_factors(expected);
  const auto terms = information_terms(samples, factors);
  const auto information = matrix_of(expected["information"]);
  EXPECT_LT((terms.mean(0) - information).abs().max().item<double>(), 1e-13);
  EXPECT_NEAR(sampled_mig(samples, factors).value, expected["mig"].get<double>(), 1e-13);
  // The order of the samples does not matter: each is compared with all images.
  samples.rows = samples.rows.flip(0);
  samples.z = samples.z.flip(0);
  EXPECT_LT((information_terms(samples, factors).flip(0) - terms).abs().max().item<double>(),
            1e-13);
}

TEST(MigSampled, CountsNegativeInformationAsNoneLikeItsAuthors) {
  // Of two codes, the first "tells" -0.0036 nats about the second factor.
  const auto expected = oracle_json("mig_oracle.json");
  EXPECT_LT(expected["information"][0][1].get<double>(), -0.003);
  EXPECT_NEAR(sampled_mig(oracle_samples(expected, 2), oracle_factors(expected)).value,
              expected["mig_of_two_codes"].get<double>(), 1e-13);
}

TEST(MigSampled, DrawsASampleForEachImage) {
  const auto expected = oracle_json("mig_oracle.json");
  const auto inputs = inputs_of(matrix_of(expected["mu"]), matrix_of(expected["logvar"]),
                                matrix_of(expected["factors"]).to(at::kLong));
  // Other samples of the same posteriors: the score within its error.
  const auto value = metric("mig_sampled").compute(inputs);
  EXPECT_NEAR(value.value, expected["mig"].get<double>(),
              4.0 * std::sqrt(2.0) * value.standard_error);
  EXPECT_EQ(value.protocol.at("samples"), "120");
  EXPECT_EQ(value.protocol.at("seed"), "0");
}

TEST(MigSampled, IsOneForCodesThatAreTheFactorsAndZeroForTwins) {
  // Posteriors are 4.5e-5 wide and values 3 apart: a sample names its value for certain.
  const auto factors = factor_grid(3);
  const auto codes = factors.to(at::kDouble) * -3.0;
  const auto logvar = at::full_like(codes, -20.0);
  const auto value = score(codes, logvar, factors);
  EXPECT_NEAR(value.value, 1.0, 1e-13);
  EXPECT_NEAR(value.standard_error, 0.0, 1e-13);
  EXPECT_NEAR(score(at::cat({codes, codes}, 1), at::cat({logvar, logvar}, 1), factors).value, 0.0,
              1e-13);
}

TEST(MigSampled, IsZeroForPosteriorsThatAreThePrior) {
  const auto factors = factor_grid(3);
  const auto zeros = at::zeros({60, 3}, at::kDouble);
  EXPECT_NEAR(score(zeros, zeros, factors).value, 0.0, 1e-14);
}

TEST(MigSampled, TellsEveryFactorFromCodesThatNameTheirImage) {
  // The estimator's weakness: each image 1 apart from the next in either code, posteriors far
  // narrower, so that a sample is of one image, whose factors are all known. No gap; and from a
  // single such code beside a useless one a gap of 1.
  const auto factors = factor_grid(3);
  const auto order = at::arange(60, at::kDouble);
  const auto both = at::stack({order, order.remainder(7) * 60.0 + order}, 1);
  EXPECT_NEAR(score(both, at::full_like(both, -20.0), factors).value, 0.0, 1e-13);
  const auto one = at::stack({order, at::zeros_like(order)}, 1);
  EXPECT_NEAR(score(one, at::full_like(one, -20.0), factors).value, 1.0, 1e-13);
}

/// I(z; v) in nats of z ~ N(±1, sigma²) with equal chances: Simpson's rule on the negative KL of
/// the mixture's density p: H(z) − ½ log 2πeσ².
double information_of_two_gaussians(double sigma = 1.0) {
  const auto density = [sigma](double z, double mean) {
    const double t = (z - mean) / sigma;
    return std::exp(-0.5 * t * t) / (sigma * std::sqrt(2.0 * M_PI));
  };
  constexpr int kSteps = 4000;
  const double width = 24.0 / kSteps;
  double entropy = 0.0;
  for (int i = 0; i <= kSteps; ++i) {
    const double z = -12.0 + i * width;
    const double p = 0.5 * (density(z, -1.0) + density(z, 1.0));
    const double weight = i == 0 || i == kSteps ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
    entropy -= weight * width / 3.0 * p * std::log(p);
  }
  return entropy - 0.5 * std::log(2.0 * M_PI * M_E * sigma * sigma);
}

MetricInputs two_gaussians(std::int64_t rows) {
  const auto factors = at::arange(rows, at::kLong).remainder(2).unsqueeze(1);
  const auto code = factors.to(at::kDouble) * 2.0 - 1.0;
  const auto codes = at::cat({code, at::zeros_like(code)}, 1);
  return inputs_of(codes, at::zeros_like(codes), factors);
}

TEST(MigSampled, IsTheMutualInformationOfOverlappingGaussians) {
  // Half a bit passes at sigma = 0.979 (Richardson et al. 2001, on codes for this channel).
  EXPECT_NEAR(information_of_two_gaussians(0.979) / std::log(2.0), 0.5, 5e-4);
  const double expected = information_of_two_gaussians() / std::log(2.0);
  const auto value = metric("mig_sampled").compute(two_gaussians(4000));
  EXPECT_NEAR(value.value, expected, 4.0 * value.standard_error);
  EXPECT_LT(value.standard_error, 0.02);
}

TEST(MigSampled, ItsStandardErrorIsThatOfOtherSeeds) {
  auto inputs = two_gaussians(400);
  std::vector<double> values, errors;
  for (int seed = 0; seed < 60; ++seed) {
    inputs.options["mig_sampled.seed"] = seed;
    const auto value = metric("mig_sampled").compute(inputs);
    values.push_back(value.value);
    errors.push_back(value.standard_error);
  }
  // The sd of 60 values is known to 1/√118 = 9 %. Rows are fixed here, which takes nothing off:
  // the two halves' terms have one distribution.
  const double spread = at::tensor(values, at::kDouble).std().item<double>();
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.3 * spread);
}

TEST(MigSampled, TakesAPartOfTheImagesIfAsked) {
  auto inputs = two_gaussians(2000);
  const auto all = metric("mig_sampled").compute(inputs);
  inputs.options["mig_sampled.samples"] = 500;
  const auto part = metric("mig_sampled").compute(inputs);
  EXPECT_EQ(part.protocol.at("samples"), "500");
  EXPECT_EQ(part.protocol.at("n_real"), "2000");
  EXPECT_NEAR(part.standard_error, 2.0 * all.standard_error, 0.2 * all.standard_error);
  EXPECT_NEAR(part.value, information_of_two_gaussians() / std::log(2.0),
              4.0 * part.standard_error);
  EXPECT_EQ(metric("mig_sampled").compute(inputs).value, part.value);
  inputs.options["mig_sampled.seed"] = 1;
  EXPECT_NE(metric("mig_sampled").compute(inputs).value, part.value);
}

TEST(MigSampled, WeighsEachValueOfAFactorAsOftenAsItOccurs) {
  // One image in five has value 1, told for certain: I = H = −0.2 log 0.2 − 0.8 log 0.8.
  const auto factors = at::arange(50, at::kLong).remainder(5).eq(0).to(at::kLong).unsqueeze(1);
  const auto code = factors.to(at::kDouble);
  const auto codes = at::cat({code, at::zeros_like(code)}, 1);
  const auto logvar = at::full_like(codes, -20.0);
  EXPECT_NEAR(score(codes, logvar, factors).value, 1.0, 1e-13);
  const auto samples = at::arange(50, at::kLong);
  const auto terms = information_terms({{codes, logvar}, samples, codes}, factors);
  EXPECT_NEAR(terms.mean(0)[0][0].item<double>(), -0.2 * std::log(0.2) - 0.8 * std::log(0.8),
              1e-13);
}

TEST(MigSampled, StaysFiniteForVariancesFarApart) {
  const auto factors = factor_grid(1);
  auto logvar = at::full({20, 2}, -600.0, at::kDouble);
  logvar.slice(0, 0, 10).fill_(600.0);
  const auto value = score(factors.to(at::kDouble), logvar, factors);
  EXPECT_TRUE(std::isfinite(value.value) && std::isfinite(value.standard_error));
}

TEST(MigSampled, RefusesWhatHasNoPosterior) {
  const auto factors = factor_grid(1);
  const auto codes = factors.to(at::kDouble);
  const auto refused = [&](const at::Tensor& logvar) {
    return refusal([&] { score(codes, logvar, factors); });
  };
  EXPECT_THAT(refused({}), HasSubstr("mig_sampled: the posterior log-variance input is absent"));
  EXPECT_THAT(refused(at::zeros({20, 3})), HasSubstr("each posterior mean needs its own"));
  auto bad = at::zeros({20, 2});
  bad[7][1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refused(bad), HasSubstr("first in row 7"));
  bad[7][1] = -700.0;
  EXPECT_THAT(refused(bad), HasSubstr("row 7 has a log-variance of 700 beyond ±600"));
}

TEST(MigSampled, DoesNotDependOnThreads) {
  const auto codes = normal_matrix(1, 1500, 3), logvar = normal_matrix(2, 1500, 3) - 2.0;
  const auto factors = factor_grid(75);
  const auto inputs = inputs_of(codes + 0.3 * factors.select(1, 0).unsqueeze(1), logvar, factors);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = metric("mig_sampled").compute(inputs);
  at::set_num_threads(3);
  const auto three = metric("mig_sampled").compute(inputs);
  at::set_num_threads(before);
  EXPECT_EQ(one.value, three.value);
  EXPECT_EQ(one.standard_error, three.standard_error);
}

}  // namespace
}  // namespace assay
