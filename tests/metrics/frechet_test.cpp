// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/frechet.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "metrics/numerics/linalg.h"
#include "oracle.h"
#include "tests/memory.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

at::Tensor tensor_of(const nlohmann::json& numbers) {
  return at::tensor(numbers.get<std::vector<double>>(), at::kDouble);
}

at::Tensor matrix_of(const nlohmann::json& rows) {
  std::vector<at::Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(tensor_of(row));
  return at::stack(tensors);
}

TEST(FrechetDistance, AgreesWithTheFloat64OracleAtFullRankAndBelow) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["fid"];
  for (const std::string pair : {"AB", "CD", "GH"}) {
    const double expected = oracle[pair]["exact_f64_nuclear"];
    const auto& x = arrays.at(pair.substr(0, 1));
    const auto& y = arrays.at(pair.substr(1, 1));
    EXPECT_NEAR(frechet_distance(y, x).value, expected, 1e-12 * expected) << pair;
  }
}

TEST(FrechetDistance, AgreesWithPeersToTheirPrecision) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["fid"];
  // Full rank: 1e-12. CD is rank-deficient, where the peers' own error is up to 8e-7 (metrics by
  // eigenvalues of a singular product); the mpmath test below says which side is exact.
  for (const std::string peer : {"torch_fidelity_f64in", "pytorch_fid", "torchmetrics_f64"}) {
    const double ab = oracle["AB"][peer];
    const double cd = oracle["CD"][peer];
    EXPECT_NEAR(frechet_distance(arrays.at("B"), arrays.at("A")).value, ab, 1e-11 * ab) << peer;
    EXPECT_NEAR(frechet_distance(arrays.at("D"), arrays.at("C")).value, cd, 1e-6 * cd) << peer;
  }
}

TEST(FrechetDistance, AgreesWithFortyDigitsWhereRanksAreDeficient) {
  const auto oracle = oracle_json("fid_rank_deficient_mpmath.json");
  const double exact = std::stod(oracle["exact_40digits"].get<std::string>());
  const auto value = frechet_distance(matrix_of(oracle["a"]), matrix_of(oracle["b"])).value;
  EXPECT_NEAR(value, exact, 1e-13 * exact);
}

TEST(FrechetDistance, OfAPermutedCopyIsZero) {
  const auto a = oracle_arrays("features_small.npz").at("A");
  EXPECT_NEAR(frechet_distance(a.flip(0), a).value, 0.0, 1e-11);
  EXPECT_NEAR(frechet_distance(a, a).standard_error, 0.0, 1e-6);
}

TEST(FrechetDistance, OfAShiftIsItsSquaredLength) {
  // Equal covariances, means (3, 4) apart: 3² + 4² = 25, at full rank and with N ≤ D.
  for (const std::int64_t rows : {50, 6}) {
    const auto x = normal_matrix(1, rows, 8);
    auto shift = at::zeros({8}, at::kDouble);
    shift[0] = 3.0;
    shift[5] = 4.0;
    EXPECT_NEAR(frechet_distance(x + shift, x).value, 25.0, 1e-11) << rows;
  }
}

TEST(FrechetDistance, OfAScalingIsThatOfTheStandardDeviations) {
  // Σ₂ = 9 Σ₁ and equal means: tr Σ (3 − 1)².
  const auto x = normal_matrix(2, 400, 12);
  const auto centred = x - x.mean(0);
  const double trace = centred.square().sum().item<double>() / 399.0;
  EXPECT_NEAR(frechet_distance(3.0 * centred, centred).value, 4.0 * trace, 1e-11 * trace);
}

TEST(FrechetDistance, IsSymmetricAndSurvivesALargeMean) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto a = arrays.at("A").to(at::kDouble);
  const auto b = arrays.at("B").to(at::kDouble);
  const auto ab = frechet_distance(a, b);
  const auto ba = frechet_distance(b, a);
  EXPECT_NEAR(ab.value, ba.value, 1e-12 * ab.value);
  EXPECT_NEAR(ab.standard_error, ba.standard_error, 1e-9 * ab.standard_error);
  // 2²⁰ beside a deviation of 1: the data keep 32 bits, so 1e-9 and no cancellation beyond it.
  constexpr double kFar = 1048576.0;
  EXPECT_NEAR(frechet_distance(a + kFar, b + kFar).value, ab.value, 1e-8 * ab.value);
}

TEST(FrechetDistance, IgnoresDeadColumnsThatMakeTheCovarianceSingular) {
  // As in ReLU features: the QR path. Columns of zeros add nothing to any trace.
  const auto a = normal_matrix(3, 300, 20);
  const auto b = normal_matrix(4, 200, 20) * 1.5 + 0.1;
  const auto with_dead = [](const at::Tensor& x) {
    return at::cat({x, at::zeros({x.size(0), 5}, at::kDouble)}, 1);
  };
  const auto plain = frechet_distance(a, b);
  const auto dead = frechet_distance(with_dead(a), with_dead(b));
  EXPECT_NEAR(dead.value, plain.value, 1e-12 * plain.value);
  EXPECT_NEAR(dead.standard_error, plain.standard_error, 1e-6 * plain.standard_error);
}

TEST(FrechetDistance, OfMomentsMatchesTheClosedFormForDiagonals) {
  const auto oracle = oracle_json("oracle.json")["frechet_closed_form"];
  const Moments x{tensor_of(oracle["mu"]), tensor_of(oracle["a"]).diag(), 0};
  const Moments y{tensor_of(oracle["nu"]), tensor_of(oracle["b"]).diag(), 0};
  const double expected = oracle["value"];  // ‖μ−ν‖² + Σ(√a − √b)²
  EXPECT_NEAR(frechet_distance_of_moments(x, y), expected, 1e-13 * expected);
}

// Leave-one-out jackknife, the slow way to the same quantity.
double jackknife_variance(const at::Tensor& varied, const at::Tensor& fixed) {
  const auto n = varied.size(0);
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto rest = at::cat({varied.slice(0, 0, i), varied.slice(0, i + 1)});
    values.push_back(frechet_distance(rest, fixed).value);
  }
  const auto spread = at::tensor(values, at::kDouble).var(false).item<double>();
  return spread * static_cast<double>(n - 1);
}

TEST(FrechetDistance, StandardErrorMatchesTheJackknife) {
  // Cholesky (60 × 4 against 50 × 4), direct (both N ≤ D) and the mixture of the two.
  const auto wide = at::arange(1, 41).to(at::kDouble).pow(-1.0);
  const auto x = normal_matrix(5, 60, 4) * 2.0 + 0.5;
  const auto y = normal_matrix(6, 50, 4);
  const auto p = normal_matrix(7, 30, 40) * wide + 0.3 * wide;
  const auto q = normal_matrix(8, 25, 40) * wide;
  const auto r = normal_matrix(9, 90, 40) * wide;
  const std::vector<std::pair<at::Tensor, at::Tensor>> pairs{{x, y}, {p, q}, {p, r}};
  for (const auto& [a, b] : pairs) {
    const double expected = std::sqrt(jackknife_variance(a, b) + jackknife_variance(b, a));
    // Both estimate the same thing to first order in 1/N.
    EXPECT_NEAR(frechet_distance(a, b).standard_error, expected, 0.25 * expected) << a.sizes();
  }
}

TEST(FrechetDistance, StandardErrorIsExactInOneDimension) {
  // D = 1, means δ apart, deviations s and u: the influence of x is
  // 2δ(x−μ) + (1 − u/s)((x−μ)² − s²), and of y likewise with −δ and s/u.
  const auto x = normal_matrix(10, 200, 1) * 2.0 + 1.0;
  const auto y = normal_matrix(11, 300, 1);
  const double s = x.std().item<double>();
  const double u = y.std().item<double>();
  const double delta = (x.mean() - y.mean()).item<double>();
  const auto from_x = x - x.mean();
  const auto from_y = y - y.mean();
  const auto fx = 2.0 * delta * from_x + (1.0 - u / s) * from_x.square();
  const auto fy = -2.0 * delta * from_y + (1.0 - s / u) * from_y.square();
  const double expected =
      std::sqrt(fx.var().item<double>() / 200.0 + fy.var().item<double>() / 300.0);
  EXPECT_NEAR(frechet_distance(x, y).standard_error, expected, 1e-10 * expected);
}

TEST(Moments, DependNeitherOnBatchesNorOnThreads) {
  const auto rows = normal_matrix(12, 2500, 300) + 10.0;
  const int threads = at::get_num_threads();
  const auto whole = moments_of(rows);
  for (const auto& [batch, count] :
       std::vector<std::pair<std::int64_t, int>>{{1, 2}, {700, 1}, {1024, 2}}) {
    at::set_num_threads(count);
    MomentAccumulator accumulator(300);
    for (std::int64_t i = 0; i < 2500; i += batch) {
      accumulator.add(rows.slice(0, i, std::min<std::int64_t>(i + batch, 2500)));
    }
    const auto streamed = accumulator.finish();
    EXPECT_TRUE(at::equal(streamed.mean, whole.mean)) << batch;
    EXPECT_TRUE(at::equal(streamed.covariance, whole.covariance)) << batch;
  }
  at::set_num_threads(threads);
  EXPECT_TRUE(at::allclose(whole.covariance, rows.t().cov(), 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(whole.mean, rows.mean(0), 1e-14, 0));
}

TEST(FrechetDistance, IsTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  // Cholesky, direct, and a dead column for QR; several sizes, for LAPACK splits its work by them.
  for (const auto& [rows, columns] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{700, 130}, {100, 300}, {900, 257}}) {
    auto a = normal_matrix(13, rows, columns);
    const auto b = normal_matrix(14, rows - 50, columns) * 1.1;
    if (columns == 257) a.select(1, 7).zero_();
    std::vector<Mean> results;
    for (const int count : {1, 2, 4}) {
      at::set_num_threads(count);
      results.push_back(frechet_distance(a, b));
    }
    for (const auto& result : results) {
      EXPECT_EQ(result.value, results[0].value) << columns;
      EXPECT_EQ(result.standard_error, results[0].standard_error) << columns;
    }
    EXPECT_EQ(at::get_num_threads(), 4) << "the setting is put back";
  }
  at::set_num_threads(threads);
}

TEST(Fd, NamesTheInputThatIsAtFault) {
  const auto& fd = metric("fd");
  MetricInputs inputs;
  inputs.features.generated = at::ones({5, 3});
  EXPECT_THAT(refusal([&] { fd.compute(inputs); }), HasSubstr("fd: the reference input is absent"));
  inputs.features.reference = at::ones({5, 4});
  EXPECT_THAT(refusal([&] { fd.compute(inputs); }), HasSubstr("have 3 columns, the reference 4"));
  inputs.features.reference = at::ones({1, 3});
  EXPECT_THAT(refusal([&] { fd.compute(inputs); }), HasSubstr("the reference input holds 1 row,"));
  inputs.features.reference = at::ones({5, 3});
  inputs.features.generated = at::ones({5, 3});
  inputs.features.generated[3][1] = std::numeric_limits<float>::quiet_NaN();
  inputs.features.generated[4][1] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(
      refusal([&] { fd.compute(inputs); }),
      HasSubstr("the generated input holds values that are not finite in 2 of 5 rows, first "
                "in row 3"));
}

TEST(Fd, FindsAFaultFarDown) {
  MetricInputs inputs;
  inputs.features.reference = at::ones({5, 3});
  inputs.features.generated = at::ones({10'000, 3});
  inputs.features.generated[9'999][2] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal([&] { metric("fd").compute(inputs); }),
              HasSubstr("not finite in 1 of 10000 rows, first in row 9999"));
}

TEST(Fd, ChecksFeaturesWithoutACopyOfThem) {
  MetricInputs inputs;
  inputs.features.reference = at::ones({5, 512});
  inputs.features.generated = at::ones({50'000, 512});  // 102 MB
  const auto before = resident_bytes_at_most();
  stored_features(inputs, "fd");
  EXPECT_LT(resident_bytes_at_most() - before, 50'000'000);
}

TEST(Fd, StatesItsProtocol) {
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(1, 20, 3);
  inputs.features.reference = normal_matrix(2, 30, 3);
  inputs.protocol = {{"extractor", "pixels"}};
  const auto value = metric("fd").compute(inputs);
  EXPECT_EQ(value.name, "fd");
  EXPECT_EQ(value.protocol.at("extractor"), "pixels");
  EXPECT_EQ(value.protocol.at("n_generated"), "20");
  EXPECT_EQ(value.protocol.at("n_real"), "30");
  EXPECT_EQ(value.protocol.at("metric"), "fd");
  EXPECT_GT(value.standard_error, 0.0);
}

}  // namespace
}  // namespace assay
