// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/feature_likelihood.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "core/random.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

at::Tensor standardised_by(const at::Tensor& rows, const at::Tensor& held_out) {
  return (rows - held_out.mean(0)) / held_out.std(0);
}

TEST(IsotropicMixture, AgreesWithTheAuthorsCodeInFloat64) {
  // fld/MoG.py of github.com/marcojira/fld at ffbbf204, run in f64 (torch 2.11, CPU): generated
  // rows as centres, then the first half of the training rows fitted to the second.
  struct Case {
    const char* real;
    const char* generated;
    std::int64_t train, generated_rows;
    double nll, baseline, log_variance_sum;
  };
  const auto arrays = oracle_arrays("features_small.npz");
  for (const Case& one :
       {Case{"A", "B", 400, 150, 1.6047733047814843, 1.6267460035688748, 75.38917213484291},
        Case{"B", "A", 300, 200, 1.6916893941312743, 1.5842930428846342, 138.18800151662575}}) {
    const auto real = arrays.at(one.real).to(at::kDouble);
    const auto held_out = real.slice(0, one.train);
    const auto train = standardised_by(real.slice(0, 0, one.train), held_out);
    const auto test = standardised_by(held_out, held_out);
    const auto generated = standardised_by(
        arrays.at(one.generated).slice(0, 0, one.generated_rows).to(at::kDouble), held_out);
    const auto fitted = fit_isotropic_mixture(generated, train);
    // Fifty steps of Adam at rate 0.5 carry rounding along.
    EXPECT_NEAR(fitted.log_variances.sum().item<double>(), one.log_variance_sum, 1e-6);
    EXPECT_NEAR(negative_log_likelihoods(fitted, test).mean().item<double>(), one.nll, 1e-9);
    const auto half = std::min(one.generated_rows, one.train / 2);
    const auto baseline = fit_isotropic_mixture(train.slice(0, 0, half), train.slice(0, half));
    EXPECT_NEAR(negative_log_likelihoods(baseline, test).mean().item<double>(), one.baseline, 1e-9);
  }
}

TEST(IsotropicMixture, HasTheLikelihoodOfItsDefinition) {
  // Two centres, variances e and 1, D = 2, at the origin: distances² 4 and 1.
  const IsotropicMixture mixture{at::tensor({2.0, 0.0, 0.0, 1.0}, at::kDouble).reshape({2, 2}),
                                 at::tensor({1.0, 0.0}, at::kDouble)};
  const double pi = std::numbers::pi;
  const double e = std::numbers::e;
  const double density = 0.5 * (std::exp(-2.0 / e) / (2.0 * pi * e) + std::exp(-0.5) / (2.0 * pi));
  const auto nll = negative_log_likelihoods(mixture, at::zeros({1, 2}, at::kDouble));
  EXPECT_NEAR(nll.item<double>(), -std::log(density) / 2.0, 1e-14);
}

TEST(IsotropicMixture, FindsTheVarianceOfOneGaussian) {
  // One centre, rows on a circle of radius 3 round it, so far from the rows' mean that the Gaussian
  // there takes none: the likeliest variance is 9/2. Steps end where −log p/D, about (Δs)²/4 above
  // its least, moves by less than 5·10⁻⁴: Δs = 0.045.
  const auto angle = at::arange(40).to(at::kDouble) * (2.0 * std::numbers::pi / 40.0);
  const auto circle = 3.0 * at::stack({angle.cos(), angle.sin()}, 1);
  const auto rows = at::cat({circle, circle + 1e3});
  const auto centres = at::tensor({0.0, 0.0, 1e3, 1e3}, at::kDouble).reshape({2, 2});
  const auto fitted = fit_isotropic_mixture(centres, rows);
  EXPECT_NEAR(fitted.log_variances[0].item<double>(), std::log(4.5), 0.06);
  EXPECT_NEAR(fitted.log_variances[1].item<double>(), std::log(4.5), 0.06);
}

TEST(Fld, IsTheDifferenceFromAMixtureOnHalfOfTheTrainingSet) {
  const auto real = normal_matrix(1, 150, 5) * 3.0 + 1.0;
  const FldSamples samples{normal_matrix(2, 40, 5) * 2.5, real.slice(0, 90), real.slice(0, 0, 90)};
  const auto test = standardised_by(samples.held_out, samples.held_out);
  const auto train = standardised_by(samples.train, samples.held_out);
  const auto shuffled =
      train.index_select(0, at::tensor(RandomStream(3).permutation(90), at::kLong));
  const auto fitted =
      fit_isotropic_mixture(standardised_by(samples.generated, samples.held_out), train);
  const auto baseline = fit_isotropic_mixture(shuffled.slice(0, 0, 40), shuffled.slice(0, 40));
  const auto gain =
      negative_log_likelihoods(fitted, test) - negative_log_likelihoods(baseline, test);
  const Mean score = feature_likelihood_divergence(samples, 3);
  EXPECT_NEAR(score.value, 100.0 * gain.mean().item<double>(), 1e-10);
  EXPECT_NEAR(score.standard_error, 100.0 * gain.std().item<double>() / std::sqrt(60.0), 1e-10);
}

TEST(Fld, IsImmenseForCopiesAndModerateForFreshData) {
  const auto train = normal_matrix(4, 200, 6);
  const auto held_out = normal_matrix(5, 100, 6);
  EXPECT_GT(feature_likelihood_divergence({train.slice(0, 0, 100), held_out, train}, 0).value, 1e4);
  const double fresh =
      feature_likelihood_divergence({normal_matrix(6, 100, 6), held_out, train}, 0).value;
  const double shifted =
      feature_likelihood_divergence({normal_matrix(6, 100, 6) + 2.0, held_out, train}, 0).value;
  EXPECT_LT(std::abs(fresh), 10.0);
  EXPECT_GT(shifted, fresh + 10.0);
}

TEST(Fld, LeavesOutColumnsThatAreConstantInTheHeldOutSet) {
  const auto dead = [](const at::Tensor& rows) {
    return at::cat({rows, at::ones({rows.size(0), 2}, at::kDouble)}, 1);
  };
  const FldSamples plain{normal_matrix(7, 30, 3), normal_matrix(8, 40, 3), normal_matrix(9, 50, 3)};
  EXPECT_EQ(feature_likelihood_divergence(
                {dead(plain.generated), dead(plain.held_out), dead(plain.train)}, 0)
                .value,
            feature_likelihood_divergence(plain, 0).value);
  const auto ones = at::ones({10, 3}, at::kDouble);
  EXPECT_THAT(refusal([&] {
                feature_likelihood_divergence({ones, ones, ones}, 0);
              }),
              HasSubstr("every feature is constant"));
}

TEST(Fld, StatesItsProtocolAndDrawsNoMoreRowsThanAsked) {
  const auto& fld = metric("fld");
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(10, 30, 3);
  inputs.features.reference = normal_matrix(11, 50, 3);
  EXPECT_THAT(refusal([&] { fld.compute(inputs); }),
              HasSubstr("fld: the held-out input is absent"));
  inputs.features.held_out = normal_matrix(12, 40, 3);
  const auto whole = fld.compute(inputs);
  EXPECT_EQ(whole.value,
            feature_likelihood_divergence(
                {inputs.features.generated, inputs.features.held_out, inputs.features.reference}, 0)
                .value);
  EXPECT_EQ(whole.protocol.at("most_rows"), "10000");
  EXPECT_EQ(whole.protocol.at("n_held_out"), "40");
  inputs.options = {{"fld.most_rows", 20.0}, {"fld.seed", 1.0}};
  EXPECT_NE(fld.compute(inputs).value, whole.value);
  EXPECT_EQ(fld.compute(inputs).value, fld.compute(inputs).value);
  inputs.features.reference = normal_matrix(11, 3, 3);
  EXPECT_THAT(refusal([&] { fld.compute(inputs); }), HasSubstr("fld: 3 training rows"));
}

TEST(Fld, IsTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  const FldSamples samples{normal_matrix(13, 300, 50), normal_matrix(14, 300, 50),
                           normal_matrix(15, 400, 50)};
  std::vector<double> values;
  for (const int count : {1, 4}) {
    at::set_num_threads(count);
    values.push_back(feature_likelihood_divergence(samples, 0).value);
  }
  at::set_num_threads(threads);
  EXPECT_EQ(values[0], values[1]);
}

}  // namespace
}  // namespace assay
