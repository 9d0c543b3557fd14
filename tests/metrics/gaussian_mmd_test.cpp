// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/gaussian_mmd.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Sums over pairs, one by one.
double mmd_by_pairs(const at::Tensor& x, const at::Tensor& y, double sigma, bool biased) {
  const auto kernel = [&](const at::Tensor& a, const at::Tensor& b) {
    return (-(a.unsqueeze(1) - b.unsqueeze(0)).square().sum(2) / (2.0 * sigma * sigma)).exp();
  };
  const auto self = [&](const at::Tensor& a) {
    const auto k = kernel(a, a);
    const double n = static_cast<double>(a.size(0));
    return biased ? k.mean().item<double>()
                  : (k.sum() - k.diagonal().sum()).item<double>() / (n * (n - 1.0));
  };
  return self(x) + self(y) - 2.0 * kernel(x, y).mean().item<double>();
}

at::Tensor without(const at::Tensor& rows, std::int64_t i) {
  return at::cat({rows.slice(0, 0, i), rows.slice(0, i + 1)});
}

TEST(Cmmd, AgreesWithTheOracle) {
  const auto arrays = oracle_arrays("features_small.npz");
  MetricInputs inputs;
  inputs.features.generated = arrays.at("A");
  inputs.features.reference = arrays.at("B");
  const double expected =
      oracle_json("oracle.json")["cmmd_normalised_AB(sigma10,scale1000,biased V-stat)"];
  const auto value = metric("cmmd").compute(inputs);
  // Means near 1 whose difference is 3e-4: 1e-16 · 1000 absolute.
  EXPECT_NEAR(value.value, expected, 1e-11);
  EXPECT_EQ(value.protocol.at("sigma"), "10");
  EXPECT_EQ(value.protocol.at("scale"), "1000");
  EXPECT_EQ(value.protocol.at("n_real"), "500");
}

TEST(Cmmd, OfTheSameSampleIsZeroAndScalesAsAsked) {
  MetricInputs inputs;
  inputs.features.generated = oracle_arrays("features_small.npz").at("A");
  inputs.features.reference = inputs.features.generated.flip(0);
  EXPECT_NEAR(metric("cmmd").compute(inputs).value, 0.0, 1e-11);
  // Orthogonal directions under σ = 1: ‖x−y‖² = 2, so 2 − 2·exp(−1).
  inputs.features.generated = at::tensor({3.F, 0.F, 5.F, 0.F}).reshape({2, 2});
  inputs.features.reference = at::tensor({0.F, 1.F, 0.F, 2.F}).reshape({2, 2});
  inputs.options = {{"cmmd.sigma", 1.0}, {"cmmd.scale", 10.0}};
  EXPECT_NEAR(metric("cmmd").compute(inputs).value, 20.0 - 20.0 * std::exp(-1.0), 1e-13);
}

TEST(GaussianMmd, IsTheSumOverPairsAcrossTiles) {
  // 700 and 520 rows: more than one tile of 512, the last ones ragged. A far mean cancels nothing.
  const auto x = normal_matrix(1, 700, 3) + 1e4;
  const auto y = normal_matrix(2, 520, 3) * 1.2 + (1e4 + 0.3);
  for (const auto estimator : {MmdEstimator::kBiased, MmdEstimator::kUnbiased}) {
    const double expected = mmd_by_pairs(x, y, 1.5, estimator == MmdEstimator::kBiased);
    EXPECT_NEAR(gaussian_mmd_squared(x, y, 1.5, estimator).value, expected, 1e-12);
  }
}

TEST(GaussianMmd, StandardErrorIsTheJackknifes) {
  const auto x = normal_matrix(3, 40, 3);
  const auto y = normal_matrix(4, 25, 3) + 0.4;
  for (const bool biased : {true, false}) {
    std::vector<double> of_x;
    std::vector<double> of_y;
    for (std::int64_t i = 0; i < 40; ++i)
      of_x.push_back(mmd_by_pairs(without(x, i), y, 2.0, biased));
    for (std::int64_t i = 0; i < 25; ++i)
      of_y.push_back(mmd_by_pairs(x, without(y, i), 2.0, biased));
    const auto spread = [](const std::vector<double>& values) {
      return at::tensor(values, at::kDouble).var(false).item<double>() *
             static_cast<double>(values.size() - 1);
    };
    const auto mmd =
        gaussian_mmd_squared(x, y, 2.0, biased ? MmdEstimator::kBiased : MmdEstimator::kUnbiased);
    const double expected = std::sqrt(spread(of_x) + spread(of_y));
    EXPECT_NEAR(mmd.standard_error, expected, 1e-10 * expected) << biased;
  }
}

TEST(GaussianMmd, IsUnbiasedAroundTheClosedFormForGaussians) {
  // x ~ N(0,1), y ~ N(δ,1), σ = 1: E k(x,x') = 1/√3, E k(x,y) = exp(−δ²/6)/√3.
  constexpr double kDelta = 0.8;
  const double exact = 2.0 / std::sqrt(3.0) * (1.0 - std::exp(-kDelta * kDelta / 6.0));
  std::vector<double> values;
  std::vector<double> errors;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto mmd = gaussian_mmd_squared(normal_matrix(2 * seed + 100, 60, 1),
                                          normal_matrix(2 * seed + 101, 50, 1) + kDelta, 1.0,
                                          MmdEstimator::kUnbiased);
    values.push_back(mmd.value);
    errors.push_back(mmd.standard_error);
  }
  const auto drawn = at::tensor(values, at::kDouble);
  const double spread = drawn.std().item<double>();
  EXPECT_NEAR(drawn.mean().item<double>(), exact, 4.0 * spread / std::sqrt(200.0));
  // The spread of 200 draws is known to 5 %, the jackknife's mean similarly.
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.15 * spread);
}

TEST(MmdRbf, TakesTheMedianDistanceUnlessToldOtherwise) {
  // Points 0, 1, 3, 7, 8: distances 1 1 2 3 4 5 6 7 7 8 sorted, the middle two 4 and 5.
  const auto x = at::tensor({0.0, 1.0, 8.0}, at::kDouble).unsqueeze(1);
  const auto y = at::tensor({3.0, 7.0}, at::kDouble).unsqueeze(1);
  EXPECT_DOUBLE_EQ(median_distance(at::cat({x, y})), 4.5);
  MetricInputs inputs;
  inputs.features.generated = x;
  inputs.features.reference = at::cat({y, y + 1.0});
  const auto value = metric("mmd_rbf").compute(inputs);
  EXPECT_EQ(value.protocol.at("sigma"),
            fmt::format("{}", median_distance(inputs.features.reference)));
  inputs.options["mmd_rbf.sigma"] = 2.0;
  const auto given = metric("mmd_rbf").compute(inputs);
  EXPECT_EQ(given.protocol.at("sigma"), "2");
  EXPECT_NEAR(given.value, mmd_by_pairs(x, inputs.features.reference, 2.0, false), 1e-14);
}

TEST(MmdRbf, MedianOfManyRowsStandsForAll) {
  // Of N(0,1)², pairs differ by N(0,2)²: the squared distance is 4 Exp(1), median √(4 log 2).
  const double median = median_distance(normal_matrix(5, 5500, 2));
  EXPECT_NEAR(median, std::sqrt(4.0 * std::log(2.0)), 0.04);
}

TEST(MmdRbf, RefusesWhatHasNoWidth) {
  MetricInputs inputs;
  inputs.features.generated = at::ones({5, 2});
  inputs.features.reference = at::ones({5, 2});
  EXPECT_THAT(refusal([&] { metric("mmd_rbf").compute(inputs); }), HasSubstr("set mmd_rbf.sigma"));
}

TEST(GaussianMmd, IsTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  const auto x = normal_matrix(7, 900, 130);
  const auto y = normal_matrix(8, 600, 130);
  std::vector<Mean> results;
  for (const int count : {1, 4}) {
    at::set_num_threads(count);
    results.push_back(gaussian_mmd_squared(x, y, 15.0, MmdEstimator::kUnbiased));
  }
  at::set_num_threads(threads);
  EXPECT_EQ(results[0].value, results[1].value);
  EXPECT_EQ(results[0].standard_error, results[1].standard_error);
}

}  // namespace
}  // namespace assay
