// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/kernel_distance.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

MetricInputs inputs_of(const at::Tensor& generated, const at::Tensor& reference) {
  MetricInputs inputs;
  inputs.features.generated = generated;
  inputs.features.reference = reference;
  return inputs;
}

// The definition, over all pairs, in f64.
double mmd_by_definition(const at::Tensor& x, const at::Tensor& y) {
  const auto kernel = [](const at::Tensor& a, const at::Tensor& b) {
    return (a.mm(b.t()) / static_cast<double>(a.size(1)) + 1.0).pow(3);
  };
  const auto n = static_cast<double>(x.size(0)), m = static_cast<double>(y.size(0));
  const auto xx = kernel(x, x).fill_diagonal_(0.0), yy = kernel(y, y).fill_diagonal_(0.0);
  return (xx.sum() / (n * (n - 1)) + yy.sum() / (m * (m - 1)) - 2.0 * kernel(x, y).mean())
      .item<double>();
}

at::Tensor without(const at::Tensor& rows, std::int64_t i) {
  return at::cat({rows.slice(0, 0, i), rows.slice(0, i + 1)});
}

TEST(KernelDistance, OverAllPairsAgreesWithTheFloat64Oracle) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["kid"];
  for (const std::string pair : {"AB", "CD", "GH"}) {
    const auto kid = metric("kid").compute(
        inputs_of(arrays.at(pair.substr(1, 1)), arrays.at(pair.substr(0, 1))));
    const double expected = oracle[pair]["full_u_statistic_f64"];
    EXPECT_NEAR(kid.value, expected, 1e-12 * std::max(1.0, std::abs(expected))) << pair;
  }
}

TEST(KernelDistance, OnSubsetsDrawnAsTorchFidelityDrawsThem) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["kid"]["AB"];
  auto inputs = inputs_of(arrays.at("A"), arrays.at("B"));  // its first set is the generated one
  inputs.compat = "torch-fidelity";
  inputs.options = {{"kid.subsets", 10}, {"kid.subset_size", 80}};
  const auto kid = metric("kid").compute(inputs);
  const auto& peer = oracle["torch_fidelity_f64_10x80_seed2020"];
  EXPECT_NEAR(kid.value, peer[0].get<double>(), 1e-12);
  // It prints the deviation over subsets, ÷S; the mean's standard error is that over √(S−1).
  EXPECT_NEAR(kid.standard_error, peer[1].get<double>() / 3.0, 1e-12);
  EXPECT_EQ(kid.protocol.at("subset_seed"), "2020");
}

TEST(KernelDistance, OnSubsetsDrawnAsCleanFidDrawsThem) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["kid"]["AB"];
  // It draws its second set first.
  auto inputs = inputs_of(arrays.at("B"), arrays.at("A"));
  inputs.compat = "clean-fid";
  inputs.options = {{"kid.subsets", 10}, {"kid.subset_size", 80}, {"kid.seed", 0}};
  // Its matrix products are f32.
  const double expected = oracle["clean_fid_10x80_npseed0"];
  EXPECT_NEAR(metric("kid").compute(inputs).value, expected, 1e-5 * std::abs(expected));
}

TEST(KernelDistance, StandardErrorIsTheDeleteOneJackknifeOfBothSamples) {
  const auto x = normal_matrix(1, 12, 4), y = normal_matrix(2, 15, 4) * 1.2 + 0.2;
  const auto variance = [](const std::vector<double>& values) {
    const auto all = at::tensor(values, at::kDouble);
    return (all.var(/*unbiased=*/false) * static_cast<double>(all.numel() - 1)).item<double>();
  };
  std::vector<double> without_x, without_y;
  for (std::int64_t i = 0; i < 12; ++i) without_x.push_back(mmd_by_definition(without(x, i), y));
  for (std::int64_t i = 0; i < 15; ++i) without_y.push_back(mmd_by_definition(x, without(y, i)));
  const double expected = std::sqrt(variance(without_x) + variance(without_y));
  const auto kid = metric("kid").compute(inputs_of(x, y));
  EXPECT_NEAR(kid.value, mmd_by_definition(x, y), 1e-12);
  EXPECT_NEAR(kid.standard_error, expected, 1e-10 * expected);
}

TEST(KernelDistance, IsUnbiasedSoThatTwoSamplesOfOneDistributionStraddleZero) {
  double sum = 0.0, error = 0.0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto kid = metric("kid").compute(
        inputs_of(normal_matrix(100 + seed, 60, 6), normal_matrix(200 + seed, 60, 6)));
    sum += kid.value;
    error += kid.standard_error;
  }
  // The mean of 40 lies within three of its own standard errors of 0.
  EXPECT_LT(std::abs(sum / 40.0), 3.0 * (error / 40.0) / std::sqrt(40.0));
}

TEST(KernelDistance, InSinglePrecisionStaysWithinAMillionthOfTheKernel) {
  // 4100 rows: f32 products. A large mean is what f32 alone would lose digits to.
  const auto x = (normal_matrix(3, 4100, 32) + 5.0).to(at::kFloat);
  const auto y = (normal_matrix(4, 500, 32) * 1.1 + 5.0).to(at::kFloat);
  const auto kid = metric("kid").compute(inputs_of(x, y));
  EXPECT_THAT(kid.protocol.at("estimator"), HasSubstr("f32 products"));
  // k(x,x) is about 26³.
  EXPECT_NEAR(kid.value, mmd_by_definition(x.to(at::kDouble), y.to(at::kDouble)), 1e-9 * 17576.0);
}

TEST(KernelDistance, RefusesSubsetsThatAreTooLargeAndPeersWithoutOne) {
  auto inputs = inputs_of(normal_matrix(1, 30, 4), normal_matrix(2, 30, 4));
  inputs.options = {{"kid.subsets", 5}};
  EXPECT_THAT(refusal([&] { metric("kid").compute(inputs); }),
              HasSubstr("kid: subsets of 1000 rows, but the smaller input holds 30"));
  inputs.compat = "prdc";
  EXPECT_THAT(refusal([&] { metric("kid").compute(inputs); }),
              HasSubstr("kid: prdc 0.2 does not compute it"));
}

}  // namespace
}  // namespace assay
