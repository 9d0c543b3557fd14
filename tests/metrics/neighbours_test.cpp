// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "metrics/neighbours/pair_sweep.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::vector<double> doubles(const at::Tensor& tensor) {
  const auto flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

template <class T>
std::vector<double> doubles(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

/// All of a sweep from the plain [N,M] matrices of differences, in f64.
struct Direct {
  at::Tensor xx, yy, xy, x_radii, y_radii;

  Direct(const at::Tensor& x, const at::Tensor& y, std::int64_t k)
      : xx(distances(x, x)), yy(distances(y, y)), xy(distances(x, y)) {
    x_radii = radii(xx, k);
    y_radii = radii(yy, k);
  }
  static at::Tensor distances(const at::Tensor& a, const at::Tensor& b) {
    std::vector<at::Tensor> rows;
    for (std::int64_t i = 0; i < a.size(0); ++i) {
      rows.push_back((b.to(at::kDouble) - a[i].to(at::kDouble)).square().sum(1));
    }
    return at::stack(rows);
  }
  static at::Tensor radii(const at::Tensor& squared, std::int64_t k) {
    const auto others = squared.clone().fill_diagonal_(std::numeric_limits<double>::infinity());
    return std::get<0>(others.sort(1)).select(1, k - 1);
  }
  at::Tensor authentic() const {
    const auto index = xy.argmin(1);
    return radii(yy, 1).index_select(0, index).lt(std::get<0>(xy.min(1)));
  }
};

void expect_direct(const PairStatistics& found, const Direct& direct) {
  EXPECT_THAT(doubles(found.balls_hit),
              ElementsAreArray(doubles(direct.xy.le(direct.y_radii).sum(1))));
  EXPECT_THAT(doubles(found.reference_hit),
              ElementsAreArray(doubles(direct.xy.le(direct.x_radii.unsqueeze(1)).sum(0))));
  EXPECT_THAT(doubles(found.covered),
              ElementsAreArray(doubles(direct.xy.le(direct.y_radii).any(0))));
  EXPECT_THAT(doubles(found.authentic), ElementsAreArray(doubles(direct.authentic())));
}

TEST(Neighbours, CountsAgreeWithTorchFidelityAndPrdcTiesAndDuplicatesIncluded) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["prdc"];
  for (const std::string pair : {"AB", "CD", "GH"}) {
    MetricInputs inputs;
    inputs.features.reference = arrays.at(pair.substr(0, 1));
    inputs.features.generated = arrays.at(pair.substr(1, 1));
    for (const std::int64_t k : {3, 5}) {
      inputs.k = k;
      inputs.compat = "";
      const auto& closed =
          oracle[pair]["torch_fidelity_k" + std::to_string(k) + "_savecpu0(gen=second,real=first)"];
      // The peer prints float32 shares.
      for (const std::string name : {"precision", "recall"}) {
        EXPECT_NEAR(metric(name).compute(inputs).value, closed[name].get<double>(), 1e-7)
            << pair << k << name;
      }
      inputs.compat = "prdc";
      const auto& open = oracle[pair]["prdc_k" + std::to_string(k) + "(real=first,fake=second)"];
      for (const std::string name : {"precision", "recall", "density", "coverage"}) {
        EXPECT_NEAR(metric(name).compute(inputs).value, open[name].get<double>(), 1e-12)
            << pair << k << name;
      }
    }
  }
}

TEST(Neighbours, RadiiAgreeWithScipy) {
  const auto arrays = oracle_arrays("features_small.npz");
  const auto oracle = oracle_json("oracle.json")["prdc"];
  for (const std::string pair : {"AB", "CD", "GH"}) {
    const auto& rows = arrays.at(pair.substr(0, 1));
    PairRequest request;
    request.k = 5;
    const auto squared = sweep_pairs(rows, rows, request).reference_radii;
    double sum = 0.0;
    for (const double radius : squared) sum += std::sqrt(radius);
    const double expected = oracle[pair]["radius_k5_sum"];
    EXPECT_NEAR(sum, expected, 1e-12 * expected) << pair;
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_NEAR(std::sqrt(squared[i]), oracle[pair]["radius_k5_first8"][i].get<double>(), 1e-13)
          << pair << i;
    }
  }
}

TEST(Neighbours, AuthPctAgreesWithScipy) {
  const auto arrays = oracle_arrays("features_small.npz");
  MetricInputs inputs;
  inputs.features.reference = arrays.at("A");
  inputs.features.generated = arrays.at("B");
  EXPECT_NEAR(metric("authpct").compute(inputs).value,
              oracle_json("oracle.json")["authpct_AB(train=A,gen=B)"].get<double>(), 1e-10);
}

TEST(Neighbours, DuplicatesLieAtDistanceExactlyZeroFarFromTheOriginToo) {
  // 1e6 from the origin the product form alone would be off by about 1e-3.
  const auto row = normal_matrix(1, 1, 50) + 1e6;
  const auto rows = at::cat({row.expand({20, 50}), normal_matrix(2, 30, 50)});
  PairRequest request;
  request.k = 3;
  const auto found = sweep_pairs(at::cat({row, row + 1e-9}), rows, request);
  EXPECT_EQ(std::accumulate(found.reference_radii.begin(), found.reference_radii.begin() + 20, 0.0),
            0.0);
  EXPECT_GT(*std::min_element(found.reference_radii.begin() + 20, found.reference_radii.end()),
            0.0);
  // Balls of radius 0 hold their own centre and nothing else.
  EXPECT_EQ(found.balls_hit[0], 20);
  EXPECT_EQ(found.balls_hit[1], 0);
}

TEST(Neighbours, TilesLeaveNoSeamsAgainstTheDirectComputation) {
  // 1300 and 1100 rows cross the tiles of 512; the grid makes thousands of exact ties.
  auto generator = at::detail::createCPUGenerator(3);
  const auto y = at::randint(0, 6, {1300, 3}, generator, at::TensorOptions(at::kDouble));
  const auto x = at::randint(-1, 7, {1100, 3}, generator, at::TensorOptions(at::kDouble));
  for (const std::int64_t k : {1, 4, 30}) {
    PairRequest request;
    request.k = k;
    const auto found = sweep_pairs(x, y, request);
    const Direct direct(x, y, k);
    EXPECT_THAT(found.reference_radii, ElementsAreArray(doubles(direct.y_radii)));
    EXPECT_THAT(found.generated_radii, ElementsAreArray(doubles(direct.x_radii)));
    expect_direct(found, direct);
  }
}

TEST(Neighbours, SinglePrecisionProductsDecideEveryPairAsDoubleDoes) {
  // Above 4096 rows products are f32. A tight cluster far from the mean is where f32 sees nothing:
  // spread 1e-4 at distance 10. Duplicates across the sets are exact ties.
  const auto spread = normal_matrix(4, 4100, 16).to(at::kFloat);
  const auto cluster = (normal_matrix(5, 600, 16) * 1e-4 + 10.0).to(at::kFloat);
  const auto y = at::cat({spread, cluster});
  const auto x =
      at::cat({cluster.slice(0, 0, 50), (normal_matrix(6, 400, 16) * 1e-4 + 10.0).to(at::kFloat),
               normal_matrix(7, 300, 16).to(at::kFloat)});
  PairRequest request;
  request.k = 3;
  const auto found = sweep_pairs(x, y, request);
  EXPECT_EQ(found.arithmetic, at::kFloat);
  expect_direct(found, Direct(x, y, 3));
}

TEST(Neighbours, DoNotDependOnTheUnitOfTheFeatures) {
  // Powers of two scale f32 numbers exactly; products of them under- and overflow f32.
  const auto y = normal_matrix(10, 4200, 2).to(at::kFloat);
  const auto x = normal_matrix(11, 300, 2).to(at::kFloat) * 1.1F;
  PairRequest request;
  request.k = 3;
  const auto plain = sweep_pairs(x, y, request);
  for (const int exponent : {-80, 80}) {
    const double scale = std::ldexp(1.0, exponent);
    const auto scaled = sweep_pairs(x * scale, y * scale, request);
    EXPECT_EQ(scaled.balls_hit, plain.balls_hit) << exponent;
    EXPECT_EQ(scaled.reference_hit, plain.reference_hit) << exponent;
    EXPECT_EQ(scaled.covered, plain.covered) << exponent;
    EXPECT_EQ(scaled.authentic, plain.authentic) << exponent;
  }
}

TEST(PairSweep, GivesEachMetricTheSameAloneAndTogether) {
  // Two tight clusters far apart: f32 products see nothing within one, so tiles are refined.
  const auto clusters = [](std::uint64_t seed, std::int64_t n) {
    const auto side = at::arange(n, at::kDouble).remainder(2.0).mul(2000.0).sub(1000.0);
    return (normal_matrix(seed, n, 8) * 0.05 + side.unsqueeze(1)).to(at::kFloat);
  };
  MetricInputs inputs;
  inputs.features.generated = clusters(12, 300);
  inputs.features.reference = clusters(13, 4200);
  inputs.options["mmd_rbf.sigma"] = 0.1;
  const std::vector<std::string> names{"mmd_rbf", "precision", "kid", "coverage", "authpct"};
  auto together = inputs;
  together.sweep = std::make_shared<PairSweepMemo>();
  together.wanted = names;
  for (const auto& name : names) {
    EXPECT_EQ(metric(name).compute(together).value, metric(name).compute(inputs).value) << name;
  }
  // One distribution on both sides.
  const auto mmd = metric("mmd_rbf").compute(inputs);
  EXPECT_LT(std::abs(mmd.value), 4.0 * mmd.standard_error);
}

TEST(Neighbours, HaveTheSameBitsForEveryThreadCount) {
  const auto x = normal_matrix(8, 700, 20), y = normal_matrix(9, 1200, 20) + 0.3;
  PairRequest request;
  request.k = 5;
  request.cubic_kernel = true;
  request.gaussian_sigma = 3.0;
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = sweep_pairs(x, y, request);
  at::set_num_threads(3);
  const auto three = sweep_pairs(x, y, request);
  at::set_num_threads(before);
  EXPECT_EQ(one.cubic.xx, three.cubic.xx);
  EXPECT_EQ(one.cubic.yx, three.cubic.yx);
  EXPECT_EQ(one.gaussian.yy, three.gaussian.yy);
  EXPECT_EQ(one.gaussian.xy, three.gaussian.xy);
  EXPECT_EQ(one.balls_hit, three.balls_hit);
  EXPECT_EQ(one.generated_radii, three.generated_radii);
}

TEST(Neighbours, ThatAreSearchedAgainHaveTheSameBitsForEveryThreadCount) {
  // 4200 rows, so f32 products, on 1000 places: at k = 9 nearly every row has more ties than
  // candidates are kept.
  auto generator = at::detail::createCPUGenerator(14);
  const auto y = at::randint(0, 10, {4200, 3}, generator, at::TensorOptions(at::kFloat));
  const auto x = at::randint(0, 10, {300, 3}, generator, at::TensorOptions(at::kFloat));
  PairRequest request;
  request.k = 9;
  const auto direct = doubles(Direct(x, y, 9).y_radii);
  const int before = at::get_num_threads();
  for (const int threads : {1, 3}) {
    at::set_num_threads(threads);
    const auto found = sweep_pairs(x, y, request);
    EXPECT_EQ(found.arithmetic, at::kFloat);
    EXPECT_THAT(found.reference_radii, ElementsAreArray(direct)) << threads;
  }
  at::set_num_threads(before);
}

TEST(Neighbours, OfASetAgainstItselfAreAllInsideAndAgainstAFarOneNone) {
  MetricInputs inputs;
  inputs.features.reference = normal_matrix(4, 100, 5);
  inputs.features.generated = inputs.features.reference;
  for (const std::string name : {"precision", "recall", "coverage"}) {
    EXPECT_EQ(metric(name).compute(inputs).value, 1.0) << name;
  }
  EXPECT_EQ(metric("authpct").compute(inputs).value, 0.0);
  inputs.features.generated = inputs.features.reference + 1000.0;
  for (const std::string name : {"precision", "recall", "coverage", "density"}) {
    EXPECT_EQ(metric(name).compute(inputs).value, 0.0) << name;
  }
  EXPECT_EQ(metric("authpct").compute(inputs).value, 100.0);
  // prdc's strict `<` gives 0 here: all features equal, every radius 0.
  inputs.features.reference = at::ones({10, 4}, at::kDouble);
  inputs.features.generated = inputs.features.reference;
  EXPECT_EQ(metric("precision").compute(inputs).value, 1.0);
  inputs.compat = "prdc";
  EXPECT_EQ(metric("precision").compute(inputs).value, 0.0);
}

TEST(PrecisionRecall, StandardErrorIsBinomialInTheCountedSet) {
  const auto arrays = oracle_arrays("features_small.npz");
  MetricInputs inputs;
  inputs.features.reference = arrays.at("A");
  inputs.features.generated = arrays.at("B");
  const auto precision = metric("precision").compute(inputs);
  // 0.836 of 500 (oracle): √(0.836 · 0.164 / 500).
  EXPECT_NEAR(precision.standard_error, std::sqrt(0.836 * 0.164 / 500.0), 1e-12);
  EXPECT_EQ(precision.protocol.at("k"), "3");
}

TEST(PrecisionRecall, RefusesMoreNeighboursThanRows) {
  MetricInputs inputs;
  inputs.features.reference = normal_matrix(5, 3, 2);
  inputs.features.generated = normal_matrix(6, 9, 2);
  EXPECT_THAT(refusal([&] { metric("precision").compute(inputs); }),
              HasSubstr("precision: k = 3 neighbours, but the reference input holds 3 rows"));
  EXPECT_EQ(refusal([&] { metric("recall").compute(inputs); }), "");
  inputs.k = 9;
  EXPECT_THAT(refusal([&] { metric("recall").compute(inputs); }),
              HasSubstr("recall: k = 9 neighbours, but the generated input holds 9 rows"));
}

}  // namespace
}  // namespace assay
