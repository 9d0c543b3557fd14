// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "metrics/precision_recall.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(PrecisionRecall, CountsAgreeWithTorchFidelityTiesAndDuplicatesIncluded) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["prdc"];
  for (const std::string pair : {"AB", "CD", "GH"}) {
    MetricInputs inputs;
    inputs.reference_features = arrays.at(pair.substr(0, 1));
    inputs.generated_features = arrays.at(pair.substr(1, 1));
    for (const std::int64_t k : {3, 5}) {
      inputs.k = k;
      const auto& peer =
          oracle[pair]["torch_fidelity_k" + std::to_string(k) + "_savecpu0(gen=second,real=first)"];
      // The peer prints float32 shares; counts are what must agree.
      const auto count = [](double share, const at::Tensor& rows) {
        return std::lround(share * static_cast<double>(rows.size(0)));
      };
      const double precision = metric("precision").compute(inputs).value;
      const double recall = metric("recall").compute(inputs).value;
      EXPECT_EQ(count(precision, inputs.generated_features),
                count(peer["precision"], inputs.generated_features))
          << pair << k;
      EXPECT_EQ(count(recall, inputs.reference_features),
                count(peer["recall"], inputs.reference_features))
          << pair << k;
    }
  }
}

TEST(Neighbours, RadiiAgreeWithScipy) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["prdc"];
  for (const std::string pair : {"AB", "CD", "GH"}) {
    const auto radii =
        kth_neighbour_squared(arrays.at(pair.substr(0, 1)).to(at::kDouble), 5).sqrt();
    const double sum = oracle[pair]["radius_k5_sum"];
    EXPECT_NEAR(radii.sum().item<double>(), sum, 1e-12 * sum) << pair;
    for (std::int64_t i = 0; i < 8; ++i) {
      const double expected = oracle[pair]["radius_k5_first8"][static_cast<std::size_t>(i)];
      EXPECT_NEAR(radii[i].item<double>(), expected, 1e-14 * expected) << pair << i;
    }
  }
}

TEST(Neighbours, DuplicatesLieAtDistanceExactlyZeroFarFromTheOriginToo) {
  // 1e6 from the origin the product form alone would be off by about 1e-3.
  const auto row = normal_matrix(1, 1, 50) + 1e6;
  const auto rows = at::cat({row.expand({20, 50}), normal_matrix(2, 30, 50)});
  const auto radii = kth_neighbour_squared(rows, 3);
  EXPECT_TRUE(at::equal(radii.slice(0, 0, 20), at::zeros({20}, at::kDouble)));
  EXPECT_GT(radii.slice(0, 20).min().item<double>(), 0.0);
  // Balls of radius 0 hold their own centre and nothing else.
  const auto inside =
      inside_any_ball(at::cat({row, row + 1e-9}), rows.slice(0, 0, 20), radii.slice(0, 0, 20));
  EXPECT_TRUE(inside[0].item<bool>());
  EXPECT_FALSE(inside[1].item<bool>());
}

TEST(Neighbours, BlocksLeaveNoSeamsAgainstTheDirectComputation) {
  // 1300 rows cross the blocks of 256 and 1024; the grid makes thousands of exact ties.
  auto generator = at::detail::createCPUGenerator(3);
  const auto rows = at::randint(0, 6, {1300, 3}, generator, at::TensorOptions(at::kDouble));
  const auto squared = (rows.unsqueeze(1) - rows.unsqueeze(0)).square().sum(2);
  const auto direct = std::get<0>(squared.fill_diagonal_(1e9).sort(1));
  for (const std::int64_t k : {1, 4, 30}) {
    EXPECT_TRUE(at::equal(kth_neighbour_squared(rows, k), direct.select(1, k - 1))) << k;
  }
  const auto queries = at::randint(-3, 9, {1100, 3}, generator, at::TensorOptions(at::kDouble));
  const auto radii = direct.select(1, 3);
  const auto expected = (queries.unsqueeze(1) - rows.unsqueeze(0)).square().sum(2).le(radii).any(1);
  EXPECT_TRUE(at::equal(inside_any_ball(queries, rows, radii), expected));
}

TEST(PrecisionRecall, OfASetAgainstItselfIsOneAndAgainstAFarOneZero) {
  const auto x = normal_matrix(4, 100, 5);
  EXPECT_EQ(share_on_manifold(x, x, 3), 1.0);
  EXPECT_EQ(share_on_manifold(x + 1000.0, x, 3), 0.0);
  // prdc's strict `<` gives 0 here: all features equal, every radius 0.
  const auto equal = at::ones({10, 4}, at::kDouble);
  EXPECT_EQ(share_on_manifold(equal, equal, 3), 1.0);
}

TEST(PrecisionRecall, StandardErrorIsBinomialInTheCountedSet) {
  const auto arrays = oracle_arrays("features_small.npz");
  MetricInputs inputs;
  inputs.reference_features = arrays.at("A");
  inputs.generated_features = arrays.at("B");
  const auto precision = metric("precision").compute(inputs);
  // 0.836 of 500 (oracle): √(0.836 · 0.164 / 500).
  EXPECT_NEAR(precision.standard_error, std::sqrt(0.836 * 0.164 / 500.0), 1e-12);
  EXPECT_EQ(precision.protocol.at("k"), "3");
}

TEST(PrecisionRecall, RefusesMoreNeighboursThanRows) {
  MetricInputs inputs;
  inputs.reference_features = normal_matrix(5, 3, 2);
  inputs.generated_features = normal_matrix(6, 9, 2);
  EXPECT_THAT(refusal([&] { metric("precision").compute(inputs); }),
              HasSubstr("precision: k = 3 neighbours, but the reference input holds 3 rows"));
  EXPECT_EQ(refusal([&] { metric("recall").compute(inputs); }), "");
  inputs.k = 9;
  EXPECT_THAT(refusal([&] { metric("recall").compute(inputs); }),
              HasSubstr("recall: k = 9 neighbours, but the generated input holds 9 rows"));
}

}  // namespace
}  // namespace assay
