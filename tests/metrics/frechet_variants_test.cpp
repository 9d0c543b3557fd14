// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/frechet_variants.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "core/random.h"
#include "metrics/features/fd_infinity.h"
#include "metrics/features/frechet.h"
#include "metrics/features/mifid.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(FdInfinity, ValueOfFrechetDistanceNeedsNoStandardError) {
  // Cholesky, dead column (QR), N ≤ D, and the mixture of the last with the first.
  auto dead = normal_matrix(1, 90, 20);
  dead.select(1, 3).zero_();
  const auto b = normal_matrix(2, 70, 20) * 1.3 + 0.2;
  for (const auto& a : {normal_matrix(3, 80, 20), dead, normal_matrix(4, 12, 20)}) {
    const double expected = frechet_distance(a, b).value;
    EXPECT_NEAR(frechet_distance_value(a, b), expected, 1e-12 * expected) << a.sizes();
  }
}

TEST(FdInfinity, FitsALineByLeastSquares) {
  // Through (0,1) (1,3) (2,2): slope ½, intercept 3/2; residuals −½ 1 −½, s² = 3/2, and
  // Var = s²(1/3 + 1/2) = 5/4.
  const Line line = least_squares_line({0, 1, 2}, {1, 3, 2});
  EXPECT_DOUBLE_EQ(line.slope, 0.5);
  EXPECT_DOUBLE_EQ(line.intercept, 1.5);
  EXPECT_DOUBLE_EQ(line.intercept_error, std::sqrt(1.25));
  EXPECT_THAT(refusal([] {
                least_squares_line({1, 1, 1}, {1, 2, 3});
              }),
              HasSubstr("at least 3 are needed"));
}

TEST(FdInfinity, TakesEvenlySpacedSizesAsDgmEvalDoes) {
  // np.linspace(min(5000, max(n//10, 2)), n, points).astype('int32')
  EXPECT_EQ(extrapolation_sizes(1000, 4), (std::vector<std::int64_t>{100, 400, 700, 1000}));
  EXPECT_EQ(extrapolation_sizes(100000, 3), (std::vector<std::int64_t>{5000, 52500, 100000}));
  EXPECT_EQ(extrapolation_sizes(503, 5), (std::vector<std::int64_t>{50, 163, 276, 389, 503}));
}

TEST(FdInfinity, IsTheInterceptOfTheDistancesOfSubsets) {
  const auto a = normal_matrix(5, 60, 4) * 1.5;
  const auto b = normal_matrix(6, 80, 4);
  RandomStream random(11);
  std::vector<double> x;
  std::vector<double> y;
  for (const std::int64_t size : {6, 24, 42, 60}) {
    auto order = random.permutation(60);
    order.resize(static_cast<std::size_t>(size));
    const auto rows = size == 60 ? a : a.index_select(0, at::tensor(order, at::kLong));
    x.push_back(1.0 / static_cast<double>(size));
    y.push_back(frechet_distance(rows, b).value);
  }
  // Normal equations of y = p + q·x, solved by Cramer's rule.
  const double n = 4.0;
  const double sx = std::accumulate(x.begin(), x.end(), 0.0);
  const double sy = std::accumulate(y.begin(), y.end(), 0.0);
  const double sxx = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  const double sxy = std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  const double expected = (sy * sxx - sx * sxy) / (n * sxx - sx * sx);
  const Mean score = fd_infinity(a, b, 4, 11);
  EXPECT_NEAR(score.value, expected, 1e-11 * std::abs(expected));
  const double error =
      std::hypot(frechet_distance(a, b).standard_error, least_squares_line(x, y).intercept_error);
  EXPECT_NEAR(score.standard_error, error, 1e-9 * error);
  EXPECT_NE(fd_infinity(a, b, 4, 12).value, score.value);
}

TEST(FdInfinity, IsNearerToTheDistanceOfTheGaussiansThanPlainFd) {
  // N(0.1, 1.44 I) against N(0, I) in 24 dimensions: 24·(0.01 + 0.04) = 1.2. The reference is large
  // enough for its own bias not to matter.
  constexpr double kExact = 1.2;
  const auto reference = normal_matrix(7, 20000, 24);
  double plain = 0.0;
  double extrapolated = 0.0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto generated = normal_matrix(100 + seed, 600, 24) * 1.2 + 0.1;
    plain += std::abs(frechet_distance(generated, reference).value - kExact) / 8.0;
    extrapolated += std::abs(fd_infinity(generated, reference, 15, seed).value - kExact) / 8.0;
  }
  EXPECT_LT(extrapolated, 0.5 * plain);
}

TEST(FdInfinity, StatesItsProtocolAndRefusesTooFewRows) {
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(8, 30, 3);
  inputs.features.reference = normal_matrix(9, 40, 3);
  inputs.options = {{"fd_infinity.points", 5.0}, {"fd_infinity.seed", 9.0}};
  const auto value = metric("fd_infinity").compute(inputs);
  EXPECT_EQ(value.protocol.at("points"), "5");
  EXPECT_EQ(value.protocol.at("seed"), "9");
  EXPECT_EQ(value.value,
            fd_infinity(inputs.features.generated, inputs.features.reference, 5, 9).value);
  inputs.features.generated = normal_matrix(8, 19, 3);
  EXPECT_THAT(refusal([&] { metric("fd_infinity").compute(inputs); }),
              HasSubstr("fd_infinity: 19 generated rows are too few"));
}

TEST(Sfd, IsTheFrechetDistanceOfSpatialFeatures) {
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(1, 30, 2);
  inputs.features.reference = normal_matrix(2, 30, 2);
  EXPECT_THAT(refusal([&] { metric("sfd").compute(inputs); }),
              HasSubstr("sfd: the generated spatial input is absent"));
  const auto arrays = oracle_arrays("features_small.npz");
  inputs.features.generated_spatial = arrays.at("A");
  inputs.features.reference_spatial = arrays.at("B");
  const double expected = oracle_json("oracle.json")["fid"]["AB"]["exact_f64_nuclear"];
  EXPECT_NEAR(metric("sfd").compute(inputs).value, expected, 1e-11 * expected);
  inputs.features.reference_spatial = arrays.at("C");
  EXPECT_THAT(refusal([&] { metric("sfd").compute(inputs); }),
              HasSubstr("have 64 columns, the reference 128"));
}

MetricInputs two_classes() {
  // Class 7 is shifted by (3, 4), class 2 by nothing; the labels interleave.
  const auto reference = normal_matrix(10, 40, 2);
  MetricInputs inputs;
  inputs.features.reference = at::cat({reference, reference});
  inputs.labels.reference = at::cat({at::full({40}, 7, at::kLong), at::full({40}, 2, at::kLong)});
  const auto shift = at::tensor({3.0, 4.0}, at::kDouble);
  inputs.features.generated = at::stack({reference, reference + shift}, 1).reshape({80, 2});
  inputs.labels.generated = at::tensor({2, 7}, at::kLong).repeat({40});
  return inputs;
}

TEST(IntraFd, IsTheMeanOverClasses) {
  const auto inputs = two_classes();
  const auto value = metric("intra_fd").compute(inputs);
  EXPECT_NEAR(value.value, (25.0 + 0.0) / 2.0, 1e-10);
  EXPECT_EQ(value.protocol.at("classes"), "2");
  const auto shifted = inputs.features.generated.slice(0, 1, 80, 2);
  const auto error =
      frechet_distance(shifted, inputs.features.reference.slice(0, 0, 40)).standard_error;
  // The other class scores 0 with error 0.
  EXPECT_NEAR(value.standard_error, error / 2.0, 1e-6);
}

TEST(IntraFd, NamesTheClassesThatAreTooThin) {
  auto inputs = two_classes();
  inputs.labels.generated[0] = 9;
  EXPECT_THAT(refusal([&] { metric("intra_fd").compute(inputs); }),
              HasSubstr("1 of 3 classes have fewer than two rows on one side: 9 (class 9: 1 "
                        "generated, 0 reference)"));
  // One generated row of class 2 against 40 of the reference.
  inputs.labels.generated = at::full({80}, 7, at::kLong);
  inputs.labels.generated[5] = 2;
  EXPECT_THAT(refusal([&] { metric("intra_fd").compute(inputs); }),
              HasSubstr("(class 2: 1 generated, 40 reference)"));
  inputs.labels.generated = at::zeros({3}, at::kLong);
  EXPECT_THAT(refusal([&] { metric("intra_fd").compute(inputs); }),
              HasSubstr("3 labels for 80 rows of the generated input"));
  inputs.labels.reference = at::Tensor();
  inputs.labels.generated = at::Tensor();
  EXPECT_THAT(refusal([&] { metric("intra_fd").compute(inputs); }), HasSubstr("has no labels"));
}

TEST(Mifid, TakesTheNearestDirectionOfEitherSign) {
  // Unit angles: (1,0) is 60° from (½, √¾) and equal to −(1,0); (0,2) is 30° from the former.
  const auto generated = at::tensor({1.0, 0.0, 0.0, 2.0}, at::kDouble).reshape({2, 2});
  const auto reference = at::tensor({0.5, std::sqrt(0.75), -3.0, 0.0}, at::kDouble).reshape({2, 2});
  const Mean distance = memorization_distance(generated, reference);
  const double second = 1.0 - std::cos(std::acos(-1.0) / 6.0);
  EXPECT_NEAR(distance.value, second / 2.0, 1e-15);
  EXPECT_NEAR(distance.standard_error, second / 2.0, 1e-15);  // two values: sd/√2 = half the gap
}

TEST(Mifid, AgreesWithTheMatrixFormulaAcrossTiles) {
  const auto x = normal_matrix(12, 1100, 5);
  const auto y = normal_matrix(13, 2100, 5);
  const auto cosine = (x / x.norm(2, {1}, true)).mm((y / y.norm(2, {1}, true)).t()).abs();
  const double expected = (1.0 - std::get<0>(cosine.max(1))).mean().item<double>();
  EXPECT_NEAR(memorization_distance(x, y).value, expected, 1e-14);
}

TEST(Mifid, PenalisesOnlyBelowTheThreshold) {
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(14, 60, 3);
  inputs.features.reference = normal_matrix(15, 50, 3) + 0.2;
  const Mean fd = frechet_distance(inputs.features.generated, inputs.features.reference);
  const Mean m = memorization_distance(inputs.features.generated, inputs.features.reference);
  ASSERT_LT(m.value, 0.1);
  const auto penalised = metric("mifid").compute(inputs);
  EXPECT_NEAR(penalised.value, fd.value / (m.value + 10e-15), 1e-12 * penalised.value);
  EXPECT_NEAR(penalised.standard_error,
              fd.standard_error / m.value + fd.value * m.standard_error / (m.value * m.value),
              1e-9 * penalised.standard_error);
  inputs.options["mifid.eps"] = m.value / 2.0;
  EXPECT_EQ(metric("mifid").compute(inputs).value, fd.value);
  EXPECT_EQ(metric("mifid").compute(inputs).standard_error, fd.standard_error);
}

TEST(Mifid, OfCopiesOfSomeTrainingRowsExplodesAndOfAllIsZero) {
  // As torchmetrics: FD/(0 + 10⁻¹⁴), and 0 where FD itself is rounding.
  MetricInputs inputs;
  inputs.features.reference = normal_matrix(16, 50, 3);
  inputs.features.generated = inputs.features.reference.slice(0, 0, 25).clone();
  EXPECT_GT(metric("mifid").compute(inputs).value, 1e10);
  inputs.features.generated = inputs.features.reference.flip(0);
  EXPECT_EQ(metric("mifid").compute(inputs).value, 0.0);
  inputs.features.generated = inputs.features.generated.clone();
  inputs.features.generated[4].zero_();
  EXPECT_THAT(refusal([&] { metric("mifid").compute(inputs); }), HasSubstr("first row 4"));
}

TEST(FrechetVariants, AreTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  const auto a = normal_matrix(17, 900, 150);
  const auto b = normal_matrix(18, 500, 150);
  std::vector<double> infinity;
  std::vector<double> distances;
  for (const int count : {1, 4}) {
    at::set_num_threads(count);
    infinity.push_back(fd_infinity(a, b, 3, 0).value);
    distances.push_back(memorization_distance(a, b).value);
  }
  at::set_num_threads(threads);
  EXPECT_EQ(infinity[0], infinity[1]);
  EXPECT_EQ(distances[0], distances[1]);
}

}  // namespace
}  // namespace assay
