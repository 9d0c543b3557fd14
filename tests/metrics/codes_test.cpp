// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "metrics/codes/beta_vae_score.h"
#include "metrics/codes/codes.h"
#include "metrics/codes/factor_vae_score.h"
#include "metrics/codes/mig.h"
#include "metrics/codes/mutual_information.h"
#include "metrics/codes/sap.h"
#include "metrics/learners/logistic_regression.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

nlohmann::json oracle() { return oracle_json("codes_oracle.json")["disentanglement"]; }

/// Nested lists of equal lengths as an f64 tensor.
at::Tensor tensor_of(const nlohmann::json& list) {
  if (list.is_number()) return at::scalar_tensor(list.get<double>(), at::kDouble);
  std::vector<at::Tensor> parts;
  for (const auto& part : list) parts.push_back(tensor_of(part));
  return at::stack(parts);
}

double largest_difference(const at::Tensor& value, const nlohmann::json& expected) {
  return (value - tensor_of(expected)).abs().max().item<double>();
}

MetricInputs inputs_of(const at::Tensor& codes, const at::Tensor& factors) {
  MetricInputs inputs;
  inputs.codes.means = codes;
  inputs.codes.factors = factors;
  return inputs;
}

MetricInputs oracle_inputs() {
  const auto values = oracle();
  return inputs_of(tensor_of(values["codes"]), tensor_of(values["factors"]).to(at::kLong));
}

/// The first 300 rows to learn from, the last 150 to score, as in the oracle's script.
Split oracle_split() { return {at::arange(300, at::kLong), at::arange(300, 450, at::kLong)}; }

/// Every combination of three factors of 3, 4 and 2 values, `times` times: independent factors.
at::Tensor factor_grid(std::int64_t times) {
  const auto i = at::arange(24 * times, at::kLong);
  return at::stack(
      {i.remainder(3), i.floor_divide(3).remainder(4), i.floor_divide(12).remainder(2)}, 1);
}

double score(std::string_view name, const at::Tensor& codes, const at::Tensor& factors) {
  return metric(name).compute(inputs_of(codes, factors)).value;
}

TEST(MutualInformation, AgreesWithScikitLearnOnNumpysBins) {
  const auto expected = oracle()["information"];
  const auto codes = checked_codes(oracle_inputs(), "mig");
  const auto information = mutual_information(binned_codes(codes, 20));
  EXPECT_LT(largest_difference(information.information, expected["matrix"]), 1e-13);
  EXPECT_LT(largest_difference(information.entropies, expected["entropies"]), 1e-13);
  EXPECT_NEAR(metric("mig").compute(oracle_inputs()).value, expected["mig"].get<double>(), 1e-13);
  EXPECT_NEAR(metric("modularity").compute(oracle_inputs()).value,
              expected["modularity"].get<double>(), 1e-13);
}

TEST(MutualInformation, CountsARowAsOftenAsItIsTaken) {
  const auto codes = checked_codes(oracle_inputs(), "mig");
  auto binned = binned_codes(codes, 20);
  std::vector<std::int64_t> counts(450, 0);
  for (std::size_t i = 0; i < 225; ++i) counts[i] = 2;
  const auto weighted = mutual_information(binned, counts);
  binned.rows = 225;  // the rest is not read
  const auto half = mutual_information(binned);
  EXPECT_LT((weighted.information - half.information).abs().max().item<double>(), 1e-13);
  EXPECT_LT((weighted.entropies - half.entropies).abs().max().item<double>(), 1e-13);
}

TEST(Mig, IsOneForCodesThatAreTheFactorsAndZeroForTwins) {
  const auto factors = factor_grid(4);
  const auto codes = factors.to(at::kDouble) * -3.0;
  EXPECT_NEAR(score("mig", codes, factors), 1.0, 1e-13);
  EXPECT_NEAR(score("modularity", codes, factors), 1.0, 1e-13);
  // Each factor has two codes that know all of it: no gap, yet every code is about one factor.
  EXPECT_NEAR(score("mig", at::cat({codes, codes}, 1), factors), 0.0, 1e-13);
  EXPECT_NEAR(score("modularity", at::cat({codes, codes}, 1), factors), 1.0, 1e-13);
}

TEST(Mig, IsZeroForCodesThatKnowNothing) {
  // Independent by construction: a fourth factor of the full grid, and a constant.
  const auto factors = factor_grid(2);
  const auto other = at::arange(48, at::kLong).floor_divide(24).to(at::kDouble);
  const auto codes = at::stack({other, at::zeros_like(other)}, 1);
  EXPECT_NEAR(score("mig", codes, factors), 0.0, 1e-13);
  EXPECT_NEAR(score("modularity", codes, factors), 0.0, 1e-13);
}

TEST(Modularity, FallsByTheSquaredInformationAboutOtherFactors) {
  // One code per pair (v0, v1), 12 values: I = log 3 and log 4; the other: v2 alone.
  const auto factors = factor_grid(3);
  const auto pair = factors.select(1, 0) + 3 * factors.select(1, 1);
  const auto codes = at::stack({pair, factors.select(1, 2)}, 1).to(at::kDouble);
  const double impure = 1.0 - std::pow(std::log(3.0) / std::log(4.0), 2) / 2.0;
  EXPECT_NEAR(score("modularity", codes, factors), (impure + 1.0) / 2.0, 1e-13);
}

TEST(Mig, ItsStandardErrorIsThatOfFreshSamples) {
  // 40 samples of 400 rows; the sd of their scores is known to about 1/√80 = 11 %.
  std::vector<double> values, errors;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto noise = normal_matrix(seed, 400, 4);
    const auto factors = (noise.slice(1, 0, 2) > 0.0).to(at::kLong);
    const auto codes = noise.slice(1, 2, 4) + 2.0 * factors;
    const auto value = metric("mig").compute(inputs_of(codes, factors));
    values.push_back(value.value);
    errors.push_back(value.standard_error);
  }
  const double spread = at::tensor(values, at::kDouble).std().item<double>();
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.35 * spread);
}

TEST(Sap, AgreesWithScikitLearnsLinearSvcCaseByCase) {
  const auto codes = checked_codes(oracle_inputs(), "sap");
  const auto hits = svm_hits(codes, oracle_split());
  // Accuracies of 150 rows: one row would be 0.0067.
  EXPECT_LT(largest_difference(hits.to(at::kDouble).mean(2), oracle()["svm"]["accuracies"]), 1e-12);
  EXPECT_NEAR(sap(hits).value, oracle()["svm"]["sap"].get<double>(), 1e-12);
  // Its default solver stops early: within one row in a hundred.
  EXPECT_NEAR(sap(hits).value, oracle()["svm_default"]["sap"].get<double>(), 0.01);
}

TEST(Sap, IsTheGapOfTheTwoBestAccuraciesWithTheErrorOfItsCases) {
  // Two codes, one factor, four cases: 1, 1, 1, 0 against 1, 0, 0, 0. Gaps 0, 1, 1, 0: mean ½,
  // sd √(1/3), over √4.
  const auto hits = at::tensor({1, 1, 1, 0, 1, 0, 0, 0}).view({2, 1, 4}).to(at::kBool);
  EXPECT_NEAR(sap(hits).value, 0.5, 1e-14);
  EXPECT_NEAR(sap(hits).standard_error, std::sqrt(1.0 / 3.0) / 2.0, 1e-14);
}

TEST(Sap, IsLargeForCodesThatAreTheFactorsAndZeroForTwins) {
  // Two values a factor, so that a code that knows nothing is right in about half of the cases.
  const auto i = at::arange(960, at::kLong);
  const auto factors = at::stack({i.remainder(2), i.floor_divide(2).remainder(2)}, 1);
  const auto codes = factors.to(at::kDouble);
  EXPECT_NEAR(score("sap", codes, factors), 0.5, 0.06);
  EXPECT_EQ(score("sap", at::cat({codes, codes}, 1), factors), 0.0);
}

TEST(FactorVaeScore, AgreesWithItsFormulaInNumpy) {
  const auto values = oracle();
  MetricInputs inputs;
  inputs.codes.group_codes = tensor_of(values["group_codes"]);
  inputs.codes.group_factors = tensor_of(values["group_factors"]).to(at::kLong);
  inputs.codes.variances = tensor_of(values["variances"]);
  const double expected = values["factor_vae_score"].get<double>();
  const auto value = metric("factor_vae_score").compute(inputs);
  EXPECT_NEAR(value.value, expected, 1e-14);
  EXPECT_NEAR(value.standard_error, std::sqrt(expected * (1 - expected) / 60), 1e-14);
  EXPECT_EQ(value.protocol.at("least_deviation"), "0.05");
}

TEST(FactorVaeScore, IsOneIfTheFixedFactorsCodeStandsStill) {
  // Six groups of 5; code f varies a tenth as much in the groups of factor f. Code 1 varies a
  // fiftieth of the others everywhere, so that only the ratio of variances tells.
  auto values = normal_matrix(1, 30, 3).view({6, 5, 3});
  for (std::int64_t g = 0; g < 6; ++g) values[g].select(1, g % 3).mul_(0.1);
  values.select(2, 1).mul_(0.02);
  const auto within = group_variances(values);
  const std::vector<std::int64_t> factors = {0, 1, 2, 0, 1, 2};
  const auto variances = at::tensor({1.0, 0.0004, 1.0}, at::kDouble);
  EXPECT_EQ(factor_vae_score(within, factors, variances, 0.01), 1.0);
  // Without code 1 its two groups vote for others' codes, where they are never the majority.
  EXPECT_NEAR(factor_vae_score(within, factors, variances, 0.2), 4.0 / 6.0, 1e-14);
  EXPECT_EQ(factor_vae_score(within, factors, variances, 2.0), 0.0);
}

TEST(LogisticRegression, AgreesWithScikitLearn) {
  const auto expected = oracle()["beta_vae"];
  const auto pairs = tensor_of(oracle()["pair_codes"]);
  const auto x = (pairs.select(2, 0) - pairs.select(2, 1)).abs().mean(1);
  const auto labels = tensor_of(oracle()["pair_factors"]).to(at::kLong);
  const auto model = fit_logistic(x.slice(0, 0, 60), labels.slice(0, 0, 60));
  // Its Newton-CG stops at 1e-12 of the mean gradient.
  EXPECT_LT(largest_difference(model.weights, expected["weights"]), 1e-6);
  EXPECT_LT(largest_difference(model.biases, expected["biases"]), 1e-6);
  const auto two = (labels < 2).nonzero().squeeze(1);
  const auto binary = fit_logistic(x.index_select(0, two), labels.index_select(0, two));
  EXPECT_LT(largest_difference(binary.weights[1] - binary.weights[0], expected["binary_weights"]),
            1e-6);
  EXPECT_NEAR((binary.biases[1] - binary.biases[0]).item<double>(),
              expected["binary_bias"].get<double>(), 1e-6);
}

MetricInputs pair_inputs(const at::Tensor& pairs, const at::Tensor& factors) {
  MetricInputs inputs;
  inputs.codes.pair_codes = pairs;
  inputs.codes.pair_factors = factors;
  return inputs;
}

TEST(BetaVaeScore, AgreesWithScikitLearn) {
  const auto values = oracle();
  const auto value = metric("beta_vae_score")
                         .compute(pair_inputs(tensor_of(values["pair_codes"]),
                                              tensor_of(values["pair_factors"]).to(at::kLong)));
  EXPECT_NEAR(value.value, values["beta_vae"]["accuracy"].get<double>(), 1e-14);
  // 30 of the 90 groups are scored.
  EXPECT_NEAR(value.standard_error, std::sqrt(value.value * (1 - value.value) / 30), 1e-14);
}

TEST(BetaVaeScore, IsOneIfTheFixedFactorsCodeIsTheSameInEachPair) {
  auto pairs = normal_matrix(2, 60 * 8 * 2, 3).view({60, 8, 2, 3});
  const auto factors = at::arange(60, at::kLong).remainder(3);
  EXPECT_LT(metric("beta_vae_score").compute(pair_inputs(pairs, factors)).value, 0.8);
  for (std::int64_t g = 0; g < 60; ++g) pairs[g].select(2, g % 3).fill_(0.5);
  EXPECT_EQ(metric("beta_vae_score").compute(pair_inputs(pairs, factors)).value, 1.0);
}

TEST(Codes, RefuseWhatCannotBeScored) {
  const auto factors = factor_grid(1);
  const auto codes = factors.to(at::kDouble);
  const auto refused = [](std::string_view name, const at::Tensor& c, const at::Tensor& f) {
    return refusal([&] { metric(name).compute(inputs_of(c, f)); });
  };
  auto same = factors.clone();
  same.select(1, 1).fill_(2);
  EXPECT_THAT(refused("mig", codes, same), HasSubstr("mig: factor 1 is 2 in all rows"));
  auto bad = codes.clone();
  bad[5][1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refused("sap", bad, factors), HasSubstr("first in row 5"));
  EXPECT_THAT(refused("mig", codes.slice(1, 0, 1), factors), HasSubstr("2 codes or more"));
  EXPECT_THAT(refused("mig", codes.slice(0, 0, 9), factors.slice(0, 0, 9)),
              HasSubstr("9 rows of 3 codes"));
  EXPECT_THAT(refused("mig", codes, factors.slice(0, 1)), HasSubstr("each of 24 rows"));
  EXPECT_THAT(refused("modularity", codes, factors.slice(1, 0, 1)), HasSubstr("one factor only"));
  auto inputs = inputs_of(codes, factors);
  inputs.codes.factor_sizes = at::tensor({3L, 3L, 2L});
  EXPECT_THAT(refusal([&] { metric("mig").compute(inputs); }), HasSubstr("outside of 0 to 2"));
  EXPECT_THAT(refusal([&] {
                metric("beta_vae_score")
                    .compute(pair_inputs(at::zeros({6, 4, 2, 3}), at::zeros({6}, at::kLong)));
              }),
              HasSubstr("must count from 0 and be two or more"));
  EXPECT_THAT(refusal([&] {
                metric("beta_vae_score")
                    .compute(pair_inputs(at::zeros({6, 4, 3}), at::arange(6, at::kLong)));
              }),
              HasSubstr("needs [G,B,2,L]"));
}

TEST(Codes, ConstantCodesTellNothing) {
  const auto factors = factor_grid(2);
  const auto codes = at::zeros({48, 3});
  EXPECT_EQ(score("mig", codes, factors), 0.0);
  EXPECT_EQ(score("modularity", codes, factors), 0.0);
  EXPECT_EQ(score("sap", codes, factors), 0.0);
}

TEST(Codes, ScoresDoNotDependOnThreads) {
  const int before = at::get_num_threads();
  for (const auto name : {"mig", "modularity", "sap"}) {
    at::set_num_threads(1);
    const auto one = metric(name).compute(oracle_inputs());
    at::set_num_threads(3);
    const auto three = metric(name).compute(oracle_inputs());
    EXPECT_EQ(one.value, three.value) << name;
    EXPECT_EQ(one.standard_error, three.standard_error) << name;
  }
  at::set_num_threads(before);
}

}  // namespace
}  // namespace assay
