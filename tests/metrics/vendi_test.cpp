// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/vendi.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Vendi, AgreesWithTheOracleForAllOrders) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["vendi"];
  // G + 1, so that no row is zero; 120 × 8 with duplicates. All three have N > D: the dual.
  for (const std::string set : {"A", "B", "G"}) {
    const auto rows = arrays.at(set).to(at::kDouble) + (set == "G" ? 1.0 : 0.0);
    for (const auto& [q, key] :
         std::vector<std::pair<double, std::string>>{{1, "q1"}, {2, "q2"}, {kInfinity, "qinf"}}) {
      const double expected = oracle[set][key];
      EXPECT_NEAR(vendi_score(rows, q).value, expected, 1e-10 * expected) << set << " " << key;
    }
  }
}

TEST(Vendi, CountsDistinctOrthogonalRows) {
  // Three directions with shares ½, ¼, ¼: λ = (½, ¼, ¼). N = 4 ≤ D = 5: no dual.
  auto rows = at::zeros({4, 5}, at::kDouble);
  rows[0][0] = 2.0;
  rows[1][0] = 7.0;
  rows[2][1] = 1.0;
  rows[3][4] = 1e-200;
  EXPECT_NEAR(vendi_score(rows, 0.0).value, 3.0, 1e-12);
  EXPECT_NEAR(vendi_score(rows, 1.0).value, std::exp(1.5 * std::log(2.0)), 1e-12);
  EXPECT_NEAR(vendi_score(rows, 2.0).value, 8.0 / 3.0, 1e-12);  // 1/(¼ + 1/16 + 1/16)
  EXPECT_NEAR(vendi_score(rows, kInfinity).value, 2.0, 1e-12);
  EXPECT_NEAR(vendi_score(at::ones({6, 3}, at::kDouble), 1.0).value, 1.0, 1e-12);
}

TEST(Vendi, IsContinuousInTheOrder) {
  const auto rows = oracle_arrays("features_small.npz").at("A").to(at::kDouble);
  const Mean one = vendi_score(rows, 1.0);
  const Mean near = vendi_score(rows, 1.0 + 1e-6);
  EXPECT_NEAR(near.value, one.value, 1e-4);
  EXPECT_NEAR(near.standard_error, one.standard_error, 1e-4 * one.standard_error);
  // Σ λ^q is the largest's alone: H_q = q/(q−1) · H_∞, that is 39 · 10⁻⁸ · log 39 away.
  const Mean infinite = vendi_score(rows, kInfinity);
  EXPECT_NEAR(vendi_score(rows, 1e8).value, infinite.value, 1e-5);
  EXPECT_NEAR(vendi_score(rows, 1e8).standard_error, infinite.standard_error, 1e-4);
}

TEST(Vendi, IsTheSameByTheDualAndByTheGramMatrix) {
  // Columns of zeros change no similarity, but make D exceed N.
  const auto rows = normal_matrix(1, 30, 6);
  const auto wide = at::cat({rows, at::zeros({30, 40}, at::kDouble)}, 1);
  for (const double q : {0.5, 1.0, 3.0, kInfinity}) {
    const Mean dual = vendi_score(rows, q);
    const Mean direct = vendi_score(wide, q);
    EXPECT_NEAR(direct.value, dual.value, 1e-12 * dual.value) << q;
    EXPECT_NEAR(direct.standard_error, dual.standard_error, 1e-9) << q;
  }
}

TEST(Vendi, StandardErrorMatchesTheJackknife) {
  const auto scales = at::arange(1, 6).to(at::kDouble).pow(-0.7);
  const auto rows = normal_matrix(2, 150, 5) * scales + 0.5;
  for (const double q : {0.5, 1.0, 2.0, kInfinity}) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < 150; ++i) {
      values.push_back(vendi_score(at::cat({rows.slice(0, 0, i), rows.slice(0, i + 1)}), q).value);
    }
    const double expected =
        std::sqrt(at::tensor(values, at::kDouble).var(false).item<double>() * 149.0);
    EXPECT_NEAR(vendi_score(rows, q).standard_error, expected, 0.05 * expected) << q;
  }
}

TEST(Vendi, RefusesARowWithoutDirectionAndStatesItsOrder) {
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(3, 5, 3).to(at::kFloat);
  inputs.options["vendi.q"] = kInfinity;
  EXPECT_EQ(metric("vendi").compute(inputs).protocol.at("q"), "inf");
  inputs.options["vendi.q"] = -1.0;
  EXPECT_THAT(refusal([&] { metric("vendi").compute(inputs); }), HasSubstr("vendi.q = -1"));
  inputs.options.clear();
  inputs.features.generated[3].zero_();
  EXPECT_THAT(refusal([&] { metric("vendi").compute(inputs); }),
              HasSubstr("vendi: 1 of 5 rows of the generated input are all zero, first row 3"));
}

TEST(Vendi, IsTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  const auto rows = normal_matrix(4, 700, 300);
  at::set_num_threads(1);
  const Mean one = vendi_score(rows, 1.0);
  at::set_num_threads(4);
  const Mean four = vendi_score(rows, 1.0);
  at::set_num_threads(threads);
  EXPECT_EQ(one.value, four.value);
  EXPECT_EQ(one.standard_error, four.standard_error);
}

}  // namespace
}  // namespace assay
