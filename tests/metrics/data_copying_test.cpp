// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/data_copying.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "metrics/learners/kmeans.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

CopyingOptions one_cell() { return {.cells = 1, .min_generated = 0, .seed = 0}; }

TEST(ZScoredU, IsTheCountOfPairsStandardised) {
  // Generated 1 4 5 against held-out 2 3: pairs won 0 + 2 + 2 = 4 of 6, mean 3,
  // variance 3·2·(3+2+1)/12 = 3.
  EXPECT_NEAR(z_scored_u({5, 1, 4}, {3, 2}).value, 1.0 / std::sqrt(3.0), 1e-15);
  // 2 2 against 2 3: wins ½ + ½ + 0 + 0 = 1, mean 2. One tie of three: variance
  // 4/12 · (5 − 24/12) = 1.
  EXPECT_NEAR(z_scored_u({2, 2}, {2, 3}).value, -1.0, 1e-15);
  EXPECT_EQ(z_scored_u({2, 2}, {2, 2, 2}).value, 0.0);
  EXPECT_EQ(z_scored_u({2, 2}, {2, 2, 2}).standard_error, 0.0);
}

TEST(ZScoredU, AgreesWithBruteForceOnTiedValues) {
  const auto drawn = (normal_matrix(1, 2, 60) * 2.0).round();
  std::vector<double> x;
  std::vector<double> y;
  for (std::int64_t i = 0; i < 60; ++i) x.push_back(drawn[0][i].item<double>());
  for (std::int64_t i = 0; i < 45; ++i) y.push_back(drawn[1][i].item<double>() + 1.0);
  double u = 0.0;
  for (const double a : x) {
    for (const double b : y) u += a > b ? 1.0 : (a == b ? 0.5 : 0.0);
  }
  std::vector<double> all = x;
  all.insert(all.end(), y.begin(), y.end());
  // Σ over values of (t² − 1), each of a group of t counted once per member: Σ(t³ − t).
  double ties = 0.0;
  for (const double a : all) {
    double t = 0.0;
    for (const double b : all) t += a == b ? 1.0 : 0.0;
    ties += t * t - 1.0;
  }
  const double variance = 60.0 * 45.0 / 12.0 * (106.0 - ties / (105.0 * 104.0));
  EXPECT_NEAR(z_scored_u(x, y).value, (u - 60.0 * 45.0 / 2.0) / std::sqrt(variance), 1e-12);
}

TEST(DataCopying, AgreesWithScipyInOneCell) {
  // scipy 1.17.1: mannwhitneyu of the distances to the nearest of T, z without continuity
  // correction. A, B: U = 8731. G, H have ties: z is norm.ppf of the asymptotic p, U = 1817.5.
  const auto arrays = oracle_arrays("features_small.npz");
  const auto rows = [&](const char* name, std::int64_t begin, std::int64_t end) {
    return arrays.at(name).slice(0, begin, end).to(at::kDouble);
  };
  const double z =
      data_copying({rows("B", 0, 150), rows("A", 400, 600), rows("A", 0, 400)}, one_cell()).value;
  EXPECT_NEAR(z, -6.6922893080272745, 1e-12);
  // The authors' Zu (data_copying_tests.py at a0ba2db5) adds a continuity correction of ½ to U.
  EXPECT_NEAR(z + 0.5 / std::sqrt(200.0 * 150.0 * 351.0 / 12.0), -6.69175555, 1e-8);
  EXPECT_NEAR(
      data_copying({rows("H", 0, 90), rows("G", 80, 120), rows("G", 0, 80)}, one_cell()).value,
      0.09228208641343955, 1e-9);
}

TEST(DataCopying, TakesTheNearestOfAllTrainingRowsAcrossTiles) {
  const auto train = normal_matrix(24, 1500, 3);
  const auto generated = normal_matrix(25, 1100, 3) * 1.1;
  const auto held_out = normal_matrix(26, 1200, 3);
  const auto nearest = [&](const at::Tensor& queries) {
    std::vector<double> distances;
    for (std::int64_t i = 0; i < queries.size(0); ++i) {
      distances.push_back((train - queries[i]).norm(2, {1}).min().item<double>());
    }
    return distances;
  };
  const double expected = z_scored_u(nearest(generated), nearest(held_out)).value;
  EXPECT_NEAR(data_copying({generated, held_out, train}, one_cell()).value, expected, 1e-12);
}

TEST(DataCopying, CallsCopiesNegativeAndNoiseFarAwayPositive) {
  const auto train = normal_matrix(2, 300, 4);
  const auto held_out = normal_matrix(3, 200, 4);
  // All 200 copies at distance 0: U = 0, z = −(200·200/2)/√(200·200·(401 − c)/12), with c from the
  // 200 ties: (200³ − 200)/(400·399) = 50.1.
  const double expected = -20000.0 / std::sqrt(40000.0 / 12.0 * (401.0 - 7999800.0 / 159600.0));
  const Mean copies = data_copying({train.slice(0, 0, 200), held_out, train}, one_cell());
  EXPECT_NEAR(copies.value, expected, 1e-12);
  EXPECT_LT(copies.value, -18.0);
  // All pairs won, no ties.
  EXPECT_NEAR(data_copying({held_out + 9.0, held_out, train}, one_cell()).value,
              20000.0 / std::sqrt(40000.0 * 401.0 / 12.0), 1e-12);
  EXPECT_LT(std::abs(data_copying({normal_matrix(4, 200, 4), held_out, train}, {}).value), 3.0);
}

TEST(DataCopying, WeighsCellsByTheirHeldOutShare) {
  // Three clusters far apart: the first copied, the second fresh, the third with too few generated
  // rows to count.
  const auto at_cluster = [](std::uint64_t seed, std::int64_t n, double where) {
    return normal_matrix(seed, n, 2) + where;
  };
  const auto train =
      at::cat({at_cluster(5, 60, 0), at_cluster(6, 80, 100), at_cluster(7, 50, 200)});
  const auto held_out =
      at::cat({at_cluster(8, 30, 0), at_cluster(9, 50, 100), at_cluster(10, 40, 200)});
  const auto generated =
      at::cat({train.slice(0, 0, 40), at_cluster(11, 25, 100), at_cluster(12, 20, 200)});
  const Mean score = data_copying({generated, held_out, train}, {});
  const Mean first = data_copying(
      {generated.slice(0, 0, 40), held_out.slice(0, 0, 30), train.slice(0, 0, 60)}, one_cell());
  const Mean second = data_copying(
      {generated.slice(0, 40, 65), held_out.slice(0, 30, 80), train.slice(0, 60, 140)}, one_cell());
  EXPECT_NEAR(score.value, (30.0 * first.value + 50.0 * second.value) / 80.0, 1e-12);
  EXPECT_NEAR(score.standard_error,
              std::hypot(30.0 * first.standard_error, 50.0 * second.standard_error) / 80.0, 1e-12);
}

TEST(DataCopying, StandardErrorIsTheSpreadOverSamples) {
  // One training set, 150 draws of the other two: the spread is known to 6 %.
  const auto train = normal_matrix(13, 200, 3);
  std::vector<double> values;
  std::vector<double> errors;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Mean score = data_copying(
        {normal_matrix(500 + 2 * seed, 80, 3) * 1.15, normal_matrix(501 + 2 * seed, 60, 3), train},
        one_cell());
    values.push_back(score.value);
    errors.push_back(score.standard_error);
  }
  const double spread = at::tensor(values, at::kDouble).std().item<double>();
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.2 * spread);
}

TEST(Kmeans, FindsClustersThatAreFarApart) {
  const auto rows = at::cat(
      {normal_matrix(14, 40, 2), normal_matrix(15, 30, 2) + 50.0, normal_matrix(16, 20, 2) - 50.0});
  const auto centres = kmeans_centres(rows, 3, 1);
  const auto labels = nearest_centre(rows, centres);
  for (const auto& [begin, end] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 40}, {40, 70}, {70, 90}}) {
    const auto label = labels[begin].item<std::int64_t>();
    EXPECT_TRUE(labels.slice(0, begin, end).eq(label).all().item<bool>());
    // A fixed point of Lloyd's: the centre is the mean of its rows.
    EXPECT_TRUE(at::allclose(centres[label], rows.slice(0, begin, end).mean(0), 1e-12, 1e-12));
  }
}

TEST(Kmeans, StopsWhereEachCentreIsTheMeanOfItsRows) {
  const auto rows = normal_matrix(23, 300, 2);
  const auto centres = kmeans_centres(rows, 4, 2);
  const auto labels = nearest_centre(rows, centres);
  for (std::int64_t c = 0; c < 4; ++c) {
    const auto own = rows.index_select(0, labels.eq(c).nonzero().squeeze(1));
    EXPECT_TRUE(at::allclose(centres[c], own.mean(0), 1e-12, 1e-12)) << c;
  }
}

TEST(Kmeans, SurvivesMoreCentresThanDifferentRows) {
  const auto rows = at::ones({6, 2}, at::kDouble);
  const auto centres = kmeans_centres(rows, 3, 0);
  EXPECT_TRUE(at::equal(centres, at::ones({3, 2}, at::kDouble)));
  EXPECT_TRUE(at::equal(nearest_centre(rows, centres), at::zeros({6}, at::kLong)));
}

TEST(Ct, StatesItsProtocolAndRefusesWhatItCannotTest) {
  const auto& ct = metric("ct");
  MetricInputs inputs;
  inputs.features.generated = normal_matrix(17, 90, 3);
  inputs.features.reference = normal_matrix(18, 100, 3);
  EXPECT_THAT(refusal([&] { ct.compute(inputs); }), HasSubstr("ct: the held-out input is absent"));
  inputs.features.held_out = normal_matrix(19, 70, 3);
  inputs.options = {{"ct.cells", 2.0}, {"ct.seed", 5.0}, {"ct.min_generated", 10.0}};
  const auto value = ct.compute(inputs);
  EXPECT_EQ(value.protocol.at("cells"), "2");
  EXPECT_EQ(value.protocol.at("seed"), "5");
  EXPECT_EQ(value.protocol.at("min_generated"), "10");
  EXPECT_EQ(value.protocol.at("n_held_out"), "70");
  inputs.options["ct.min_generated"] = 90.0;
  EXPECT_THAT(refusal([&] { ct.compute(inputs); }), HasSubstr("ct: no cell of 2 holds held-out"));
  inputs.options["ct.cells"] = 101.0;
  EXPECT_THAT(refusal([&] { ct.compute(inputs); }), HasSubstr("101 cells of 100 reference rows"));
  inputs.features.held_out = normal_matrix(19, 70, 4);
  EXPECT_THAT(refusal([&] { ct.compute(inputs); }), HasSubstr("held-out features have 4 columns"));
}

TEST(DataCopying, IsTheSameToTheBitForEveryThreadCount) {
  const int threads = at::get_num_threads();
  const CopyingSamples samples{normal_matrix(20, 1200, 70), normal_matrix(21, 500, 70),
                               normal_matrix(22, 1500, 70)};
  std::vector<double> values;
  for (const int count : {1, 4}) {
    at::set_num_threads(count);
    values.push_back(data_copying(samples, {}).value);
  }
  at::set_num_threads(threads);
  EXPECT_EQ(values[0], values[1]);
}

}  // namespace
}  // namespace assay
