// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/sliced_w2.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::vector<double> sorted_normals(std::uint64_t seed, std::int64_t n) {
  const auto values = std::get<0>(normal_matrix(seed, 1, n)[0].sort()).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + n};
}

TEST(SquaredW2, CouplesEqualSizesInOrderAndOthersByQuantiles) {
  EXPECT_DOUBLE_EQ(squared_w2_of_sorted({0, 1, 5}, {1, 1, 2}), (1.0 + 0.0 + 9.0) / 3.0);
  // {0, 6} against {0, 3, 9}: halves against thirds. Levels 0–⅓: 0 and 0; ⅓–½: 0 and 3;
  // ½–⅔: 6 and 3; ⅔–1: 6 and 9. (0·2 + 9·1 + 9·1 + 9·2)/6 = 6.
  EXPECT_DOUBLE_EQ(squared_w2_of_sorted({0, 6}, {0, 3, 9}), 6.0);
  EXPECT_DOUBLE_EQ(squared_w2_of_sorted({0, 3, 9}, {0, 6}), 6.0);
  // Repeating every point changes no distribution.
  EXPECT_NEAR(squared_w2_of_sorted({0, 0, 1, 1, 5, 5}, {1, 1, 2}), 10.0 / 3.0, 1e-15);
}

TEST(SquaredW2, HasAPotentialThatMeetsDualityExactly) {
  // Kantorovich: mean φ(x) + mean ψ(y) = W² for the pair of potentials, if φ(x) + ψ(y) ≤ (x−y)²
  // everywhere with equality somewhere. ψ is the transform min_x (x−y)² − φ(x).
  for (const std::int64_t m : {7, 12, 30}) {
    const auto x = sorted_normals(1, 12);
    const auto y = sorted_normals(2, m);
    const auto phi = w2_potential_of_sorted(x, y);
    double dual = std::accumulate(phi.begin(), phi.end(), 0.0) / 12.0;
    for (const double target : y) {
      double best = 1e300;
      for (std::size_t k = 0; k < x.size(); ++k) {
        best = std::min(best, (x[k] - target) * (x[k] - target) - phi[k]);
      }
      dual += best / static_cast<double>(m);
    }
    EXPECT_NEAR(dual, squared_w2_of_sorted(x, y), 1e-13) << m;
  }
}

TEST(SlicedW2, AgreesWithTorchFidelitysMind) {
  // mind_features_to_metric of torch-fidelity a51aa640 (torch 2.11, CPU), rng_seed 2020 and 7; it
  // computes in f32.
  const auto arrays = oracle_arrays("features_small.npz");
  const auto a = arrays.at("A").slice(0, 0, 500).to(at::kDouble);
  const auto b = arrays.at("B").to(at::kDouble);
  EXPECT_NEAR(sliced_w2(a, b, 1000, 2020).value, 9.096683979034424, 1e-6 * 9.1);
  EXPECT_NEAR(sliced_w2(a, b, 100, 7).value, 9.918929100036621, 1e-6 * 9.9);
  const auto c = arrays.at("C").slice(0, 0, 100).to(at::kDouble);
  const auto d = arrays.at("D").to(at::kDouble);
  EXPECT_NEAR(sliced_w2(c, d, 1000, 2020).value, 0.1151868961751461, 1e-5 * 0.115);
}

TEST(SlicedW2, InOneDimensionIsThreeTimesTheSquaredDistance) {
  // u = ±1, and W₂ is blind to the sign.
  const auto x = sorted_normals(3, 40);
  const auto y = sorted_normals(4, 25);
  const auto column = [](const std::vector<double>& v) {
    return at::tensor(v, at::kDouble).unsqueeze(1);
  };
  const double expected = 3.0 * squared_w2_of_sorted(x, y);
  EXPECT_NEAR(sliced_w2(column(x), column(y), 5, 0).value, expected, 1e-12 * expected);
}

TEST(SlicedW2, OfAShiftIsThreeTimesItsSquaredLengthOnAverage) {
  // 3D · mean (uᵀδ)², and E(uᵀδ)² = ‖δ‖²/D. (uᵀδ)²/‖δ‖² is Beta(1/2, (D−1)/2), so D times it has
  // variance 2(D−1)/(D+2) = 11/7: 100,000 directions give 75·√(11/7/100000) = 0.297 as one standard
  // deviation. D−1 for D would be 6 away.
  const auto x = normal_matrix(5, 30, 12);
  auto shift = at::zeros({12}, at::kDouble);
  shift[2] = 3.0;
  shift[9] = -4.0;
  EXPECT_NEAR(sliced_w2(x + shift, x, 100000, 1).value, 75.0, 4.0 * 0.297);
  EXPECT_NEAR(sliced_w2(x + 1e6, x + 1e6, 10, 1).value, 0.0, 1e-12);
}

TEST(SlicedW2, StandardErrorIsTheSpreadOverSamples) {
  // Two scales and sizes; the directions stay. 150 draws know their spread to 6 %.
  std::vector<double> values;
  std::vector<double> errors;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Mean score = sliced_w2(normal_matrix(1000 + 2 * seed, 200, 3) * 1.5 + 0.5,
                                 normal_matrix(1001 + 2 * seed, 150, 3), 20, 3);
    values.push_back(score.value);
    errors.push_back(score.standard_error);
  }
  const double spread = at::tensor(values, at::kDouble).std().item<double>();
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.2 * spread);
}

TEST(SlicedW2, StatesItsProtocolAndChecksOptions) {
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(6, 10, 3);
  inputs.features.reference = normal_matrix(7, 20, 3);
  inputs.options = {{"sliced_w2.directions", 8.0}};
  const auto value = metric("sliced_w2").compute(inputs);
  EXPECT_EQ(value.protocol.at("directions"), "8");
  EXPECT_EQ(value.protocol.at("seed"), "2020");
  EXPECT_EQ(value.protocol.at("n_generated"), "10");
  EXPECT_EQ(value.protocol.at("n_real"), "20");
  inputs.options = {{"sliced_w2.directions", 8.5}};
  EXPECT_THAT(refusal([&] { metric("sliced_w2").compute(inputs); }),
              HasSubstr("sliced_w2.directions = 8.5: must be a whole number"));
}

TEST(SlicedW2, IsTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  const auto x = normal_matrix(8, 600, 100);
  const auto y = normal_matrix(9, 500, 100);
  std::vector<Mean> results;
  for (const int count : {1, 4}) {
    at::set_num_threads(count);
    results.push_back(sliced_w2(x, y, 70, 0));
  }
  at::set_num_threads(threads);
  EXPECT_EQ(results[0].value, results[1].value);
  EXPECT_EQ(results[0].standard_error, results[1].standard_error);
}

}  // namespace
}  // namespace assay
