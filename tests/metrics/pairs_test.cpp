// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "kernels/product/assignment.h"
#include "metrics/images/psnr.h"
#include "metrics/images/ssim.h"
#include "metrics/likelihood/importance_weights.h"
#include "metrics/points/path_energy.h"
#include "metrics/points/wasserstein.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

struct ImagePairs {
  at::Tensor originals, reconstructions;
};

/// The integer patterns of tests/oracle/make_codes_oracle.py.
ImagePairs image_pairs(std::int64_t count, std::int64_t channels, std::int64_t height,
                       std::int64_t width) {
  const auto axis = [](std::int64_t size, at::IntArrayRef shape) {
    return at::arange(size, at::kLong).view(shape);
  };
  const auto n = axis(count, {-1, 1, 1, 1});
  const auto c = axis(channels, {1, -1, 1, 1});
  const auto i = axis(height, {1, 1, -1, 1});
  const auto j = axis(width, {1, 1, 1, -1});
  const auto x =
      (3 * i * i + 5 * j * j + (n + 1) * i * j + 2560 * c).floor_divide(64).remainder(256);
  const auto noise = (37 * i + 101 * j + 17 * n + 59 * c + 11 * i * j).remainder(41) - 20;
  return {x.to(at::kByte), (x + (n + 1) * noise).clamp(0, 255).to(at::kByte)};
}

MetricInputs inputs_of(const ImagePairs& pairs) {
  MetricInputs inputs;
  inputs.images.originals = pairs.originals;
  inputs.images.reconstructions = pairs.reconstructions;
  return inputs;
}

Mean mean_of_list(const nlohmann::json& list) {
  return mean_of(at::tensor(list.get<std::vector<double>>(), at::kDouble));
}

TEST(Psnr, AgreesWithScikitImage) {
  const auto pairs = image_pairs(3, 3, 24, 31);
  const auto expected = mean_of_list(oracle_json("codes_oracle.json")["images"]["psnr"]);
  const auto value = metric("psnr").compute(inputs_of(pairs));
  EXPECT_NEAR(value.value, expected.value, 1e-12);
  EXPECT_NEAR(value.standard_error, expected.standard_error, 1e-12);
}

TEST(Psnr, OfAnIdenticalPairIsInfiniteWithoutAStandardError) {
  auto pairs = image_pairs(2, 1, 4, 4);
  pairs.reconstructions[1] = pairs.originals[1];
  const auto value = metric("psnr").compute(inputs_of(pairs));
  EXPECT_EQ(value.value, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(value.standard_error));
}

TEST(Ssim, AgreesWithScikitImageAndPytorchMsssim) {
  const auto oracle = oracle_json("codes_oracle.json")["images"];
  const auto value = metric("ssim").compute(inputs_of(image_pairs(3, 3, 24, 31)));
  EXPECT_NEAR(value.value, mean_of_list(oracle["ssim_skimage"]).value, 1e-12);
  EXPECT_NEAR(value.value, mean_of_list(oracle["ssim_pytorch_msssim"]).value, 1e-12);
  EXPECT_NEAR(value.standard_error, mean_of_list(oracle["ssim_skimage"]).standard_error, 1e-12);
}

TEST(Ssim, OfConstantImagesIsTheLuminanceTerm) {
  // No variance: cs = C₂/C₂ = 1, l = (2·100·150 + C₁)/(100² + 150² + C₁).
  const auto x = at::full({2, 1, 12, 12}, 100, at::kByte);
  const double c1 = 2.55 * 2.55;
  EXPECT_NEAR(ssim(x, x + 50).value, (30000.0 + c1) / (32500.0 + c1), 1e-9);
}

TEST(Ssim, DoesNotDependOnTheBlocksOrThreads) {
  const auto pairs = image_pairs(35, 1, 20, 20);
  const auto all = ssim(pairs.originals, pairs.reconstructions);
  std::vector<double> single;
  for (std::int64_t i = 0; i < 35; ++i) {
    const auto x = pairs.originals.slice(0, i, i + 1).to(at::kDouble);
    const auto y = pairs.reconstructions.slice(0, i, i + 1).to(at::kDouble);
    single.push_back(ssim_terms(x, y).similarity.item<double>());
  }
  EXPECT_EQ(all.value, mean_of(at::tensor(single, at::kDouble)).value);
}

TEST(MsSsim, AgreesWithPytorchMsssimOnOddSides) {
  const auto oracle = oracle_json("codes_oracle.json")["images"]["ms_ssim_pytorch_msssim"];
  const auto value = metric("ms_ssim").compute(inputs_of(image_pairs(2, 2, 165, 182)));
  EXPECT_NEAR(value.value, mean_of_list(oracle).value, 1e-12);
  EXPECT_NEAR(value.standard_error, mean_of_list(oracle).standard_error, 1e-12);
}

TEST(MsSsim, CountsAnInvertedScaleAsZero) {
  // y = 255 − x has a negative covariance with x wherever x varies.
  const auto x = image_pairs(2, 1, 176, 176).originals;
  EXPECT_EQ(ms_ssim(x, 255 - x).value, 0.0);
}

TEST(Ssim, RefusesImagesSmallerThanItsWindows) {
  EXPECT_THAT(refusal([] { metric("ssim").compute(inputs_of(image_pairs(2, 1, 10, 40))); }),
              HasSubstr("ssim: images of 10×40 pixels are too small, both sides must have 11"));
  EXPECT_THAT(refusal([] { metric("ms_ssim").compute(inputs_of(image_pairs(2, 1, 161, 160))); }),
              HasSubstr("both sides must have 161"));
  EXPECT_THAT(refusal([] { metric("psnr").compute({}); }), HasSubstr("no reconstructions"));
}

/// z ~ N(0,1), x|z ~ N(z, 1), so that x ~ N(0, 2); proposal q(z|x) = N(x/2 + 0.3, 1) beside the
/// posterior N(x/2, 1/2). Log weights [N,K] of standard normal draws.
at::Tensor gaussian_log_weights(const at::Tensor& x, const at::Tensor& noise) {
  const double log_two_pi = std::log(2.0 * std::numbers::pi);
  const auto columns = x.unsqueeze(1);
  const auto z = columns / 2.0 + 0.3 + noise;
  const auto log_joint = -log_two_pi - z.square() / 2.0 - (columns - z).square() / 2.0;
  return log_joint + noise.square() / 2.0 + log_two_pi / 2.0;
}

TEST(IwaeNll, FallsToTheClosedFormOfALinearGaussianModelAsKGrows) {
  const auto x = normal_matrix(1, 400, 1).squeeze(1) * std::sqrt(2.0);
  const auto weights = gaussian_log_weights(x, normal_matrix(2, 400, 2000));
  const double exact =
      (x.square() / 4.0).mean().item<double>() + 0.5 * std::log(4.0 * std::numbers::pi);
  double before = std::numeric_limits<double>::infinity();
  for (const std::int64_t k : {1, 4, 40, 2000}) {
    const double nll = iwae_nll(weights.slice(1, 0, k)).value;
    EXPECT_LT(nll, before) << k;
    before = nll;
  }
  // Var w/(E w)² = 0.8 here, so the bias at K = 2000 is 0.4/2000 and the noise √(0.8/2000/400).
  EXPECT_NEAR(before, exact, 0.004);
  EXPECT_GT(iwae_nll(weights.slice(1, 0, 1)).value, exact + 0.1);
}

TEST(IwaeNll, IsExactForEveryKWithThePosteriorAsProposal) {
  // Constant weights log p(x) = −3 and −1 whatever K: mean 2, sd √2, error 1.
  const auto weights = at::tensor({-3.0, -1.0}, at::kDouble).unsqueeze(1).repeat({1, 7});
  EXPECT_NEAR(iwae_nll(weights).value, 2.0, 1e-14);
  EXPECT_NEAR(iwae_nll(weights).standard_error, 1.0, 1e-14);
}

TEST(IwaeNll, SurvivesWeightsBeyondTheRangeOfExp) {
  const auto weights = at::tensor({-5000.0, -5000.0, 4000.0, 4000.0 + std::log(3.0)}, at::kDouble);
  // Means: −5000, and 4000 + log((1 + 3)/2).
  EXPECT_NEAR(iwae_nll(weights.view({2, 2})).value, (5000.0 - 4000.0 - std::log(2.0)) / 2, 1e-12);
}

TEST(BitsPerDim, IsTheNllInBitsOverTheDimensions) {
  MetricInputs inputs;
  inputs.likelihoods.log_weights = at::full({3, 2}, -8.0 * std::numbers::ln2, at::kDouble);
  EXPECT_THAT(refusal([&] { metric("bits_per_dim").compute(inputs); }), HasSubstr("0 dimensions"));
  inputs.likelihoods.dimensions = 4;
  const auto value = metric("bits_per_dim").compute(inputs);
  EXPECT_NEAR(value.value, 2.0, 1e-14);
  EXPECT_EQ(value.protocol.at("importance_samples"), "2");
  EXPECT_NEAR(metric("iwae_nll").compute(inputs).value, 8.0 * std::numbers::ln2, 1e-14);
}

TEST(OdeNll, IsTheMeanOfDensitiesInNatsAndInBits) {
  MetricInputs inputs;
  inputs.likelihoods.densities = at::tensor({-3.0, -5.0, -7.0}, at::kDouble) * std::numbers::ln2;
  const auto nats = metric("ode_nll").compute(inputs);
  EXPECT_NEAR(nats.value, 5.0 * std::numbers::ln2, 1e-14);
  EXPECT_NEAR(nats.standard_error, 2.0 * std::numbers::ln2 / std::sqrt(3.0), 1e-14);
  EXPECT_EQ(nats.protocol.at("tolerance"), "0.0001");
  EXPECT_THAT(refusal([&] { metric("ode_bits_per_dim").compute(inputs); }),
              HasSubstr("0 dimensions"));
  inputs.likelihoods.dimensions = 2;
  EXPECT_NEAR(metric("ode_bits_per_dim").compute(inputs).value, 2.5, 1e-14);
}

TEST(ValidationLoss, IsTheMeanOverExamplesAndTimes) {
  MetricInputs inputs;
  inputs.likelihoods.denoising_losses = at::tensor({1.0, 3.0, 5.0, 7.0}, at::kDouble).view({2, 2});
  const auto loss = metric("validation_loss").compute(inputs);
  EXPECT_NEAR(loss.value, 4.0, 1e-14);
  EXPECT_NEAR(loss.standard_error, 2.0, 1e-14);  // of 2 and 6
  EXPECT_EQ(loss.protocol.at("times"), "2");
}

TEST(MultiplyAdds, AreThoseThatWereCounted) {
  MetricInputs inputs;
  for (const auto* name : {"training_multiply_adds", "sampling_multiply_adds"}) {
    EXPECT_THAT(refusal([&] { metric(name).compute(inputs); }), HasSubstr("nothing was counted"));
  }
  inputs.costs = {.training = 12.5, .sampling = 3.0};
  EXPECT_EQ(metric("training_multiply_adds").compute(inputs).value, 12.5);
  EXPECT_EQ(metric("sampling_multiply_adds").compute(inputs).value, 3.0);
}

TEST(NetworkEvaluations, AreThoseThatWereCounted) {
  MetricInputs inputs;
  EXPECT_THAT(refusal([&] { metric("nfe").compute(inputs); }), HasSubstr("no sample was drawn"));
  inputs.evaluations = 13.5;
  EXPECT_EQ(metric("nfe").compute(inputs).value, 13.5);
}

// All points shifted by (3, 4): W₂² = 25, which straight paths in unit time take.
TEST(PathEnergy, IsNoneBeyondTransportsOfStraightPaths) {
  const auto starts = normal_matrix(1, 50, 2).to(at::kDouble);
  const auto reference = starts + at::tensor({3.0, 4.0}, at::kDouble);
  const auto energy = [&](double each) {
    return normalised_path_energy(at::full({50}, each, at::kDouble), starts, reference);
  };
  EXPECT_NEAR(energy(25.0).value, 0.0, 1e-12);
  EXPECT_NEAR(energy(50.0).value, 1.0, 1e-12);
  EXPECT_NEAR(energy(20.0).value, 0.2, 1e-12);
  const auto spread = at::tensor({24.0, 26.0}, at::kDouble).repeat({25});
  EXPECT_NEAR(normalised_path_energy(spread, starts, reference).standard_error,
              std::sqrt(50.0 / 49.0) / std::sqrt(50.0) / 25.0, 1e-12);
}

TEST(IwaeNll, RefusesWeightsThatAreNotFinite) {
  MetricInputs inputs;
  inputs.likelihoods.log_weights = at::zeros({3, 2}, at::kDouble);
  inputs.likelihoods.log_weights[2][1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refusal([&] { metric("iwae_nll").compute(inputs); }), HasSubstr("first in row 2"));
}

/// The congruential points of tests/oracle/make_codes_oracle.py.
at::Tensor lattice_points(std::int64_t count, std::int64_t a, std::int64_t b,
                          std::int64_t modulus) {
  const auto i = at::arange(count, at::kLong);
  const auto points = at::stack({a * i * i, b * i * (i + 3)}, 1).remainder(modulus);
  return points.to(at::kDouble) / static_cast<double>(modulus);
}

TEST(Wasserstein, AgreesWithScipysAssignment) {
  const auto x = lattice_points(300, 7919, 104729, 100003);
  const auto y = lattice_points(300, 1299709, 15485863, 99991) + 0.25;
  const double cost = oracle_json("codes_oracle.json")["w2"]["mean_cost"].get<double>();
  EXPECT_NEAR(wasserstein_2(x, y).value, std::sqrt(cost), 1e-13);
}

TEST(Assignment, IsTheBestOfAllPermutationsTiesIncluded) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    // Whole costs of 0 to 3 tie often.
    auto costs = normal_matrix(seed, 6, 6);
    if (seed % 2 == 0) costs = (costs * 2.0).abs().floor().clamp(0, 3);
    std::vector<std::int64_t> order(6);
    std::iota(order.begin(), order.end(), 0);
    const auto total = [&](const std::vector<std::int64_t>& columns) {
      double sum = 0.0;
      for (std::int64_t i = 0; i < 6; ++i) {
        sum += costs[i][columns[static_cast<std::size_t>(i)]].item<double>();
      }
      return sum;
    };
    double best = std::numeric_limits<double>::infinity();
    do best = std::min(best, total(order));
    while (std::next_permutation(order.begin(), order.end()));
    EXPECT_NEAR(total(cheapest_assignment(costs).column_of_row), best, 1e-12) << seed;
  }
}

// u_i + v_j ≤ c_ij, with equality for the pairs of a permutation.
void expect_proved_best(const at::Tensor& costs, double tolerance) {
  const auto best = cheapest_assignment(costs);
  const auto slack = costs - at::tensor(best.row_potentials, at::kDouble).unsqueeze(1) -
                     at::tensor(best.column_potentials, at::kDouble).unsqueeze(0);
  EXPECT_GE(slack.min().item<double>(), -tolerance);
  const auto columns = at::tensor(best.column_of_row, at::kLong);
  EXPECT_LE(slack.gather(1, columns.unsqueeze(1)).max().item<double>(), tolerance);
  EXPECT_TRUE(std::get<0>(columns.sort()).equal(at::arange(costs.size(0))));
}

at::Tensor squared_gaps(const at::Tensor& x, const at::Tensor& y) {
  return (x.unsqueeze(1) - y).square().sum(2);
}

TEST(Assignment, ItsPotentialsProveItBest) {
  // Points of unequal spread: many rows are left for the search of paths.
  expect_proved_best(squared_gaps(normal_matrix(3, 60, 2), 3.0 * normal_matrix(4, 60, 2)), 1e-12);
  expect_proved_best(at::full({1, 1}, 3.0, at::kDouble), 0.0);
  expect_proved_best(at::full({40, 40}, -2.5, at::kDouble), 0.0);
}

TEST(Assignment, EndsAmongCoincidentPointsAndBelowTheRoundingOfItsCosts) {
  // 300 points on 9 places against 300 on 25: nearly all costs tie.
  const auto coarse = [](std::uint64_t seed, double most) {
    return normal_matrix(seed, 300, 2).round().clamp(-most, most);
  };
  expect_proved_best(squared_gaps(coarse(5, 1.0), coarse(6, 2.0)), 1e-12);
  // Costs whose differences have four digits left.
  expect_proved_best(squared_gaps(normal_matrix(7, 100, 2), normal_matrix(8, 100, 2)) + 1e12, 1e-2);
}

TEST(Wasserstein, OnALineMatchesTheSortedPoints) {
  auto x = normal_matrix(4, 200, 2);
  auto y = normal_matrix(5, 200, 2) * 2.0 + 1.0;
  x.select(1, 1).zero_();
  y.select(1, 1).zero_();
  const auto gaps = std::get<0>(x.select(1, 0).sort()) - std::get<0>(y.select(1, 0).sort());
  const double expected = std::sqrt(gaps.square().mean().item<double>());
  EXPECT_NEAR(wasserstein_2(x, y).value, expected, 1e-12);
}

TEST(Wasserstein, StandardErrorOfAShiftIsThatOfTheMeans) {
  // N(0,1) against N(5,1) on a line: W₂ is nearly the difference of the means, whose standard error
  // is √(2/N).
  auto x = normal_matrix(6, 500, 2);
  auto y = normal_matrix(7, 500, 2) + 5.0;
  x.select(1, 1).zero_();
  y.select(1, 1).zero_();
  EXPECT_NEAR(wasserstein_2(x, y).standard_error, std::sqrt(2.0 / 500.0), 0.006);
}

TEST(Wasserstein, OfTwoThousandPointsIsProvedCheapestByItsDual) {
  // Σ u + Σ v bounds every assignment's cost from below if u_i + v_j ≤ c_ij.
  const auto x = normal_matrix(8, 2000, 2), y = normal_matrix(9, 2000, 2);
  const auto costs = at::cdist(x, y).square();
  const Assignment best = cheapest_assignment(costs);
  const auto u = at::tensor(best.row_potentials, at::kDouble);
  const auto v = at::tensor(best.column_potentials, at::kDouble);
  EXPECT_LT((u.unsqueeze(1) + v.unsqueeze(0) - costs).max().item<double>(), 1e-11);
  MetricInputs inputs;
  inputs.points.generated = x;
  inputs.points.reference = y;
  const double bound = (u.sum() + v.sum()).item<double>() / 2000.0;
  EXPECT_NEAR(metric("w2_exact").compute(inputs).value, std::sqrt(bound), 1e-7);
}

TEST(Wasserstein, CutsTheLargerSideTheSameWayEachTimeAndSaysSo) {
  MetricInputs inputs;
  inputs.points.generated = normal_matrix(8, 50, 2);
  inputs.points.reference = inputs.points.generated.slice(0, 0, 20).clone();
  inputs.options["w2_exact.points"] = 15;
  const auto value = metric("w2_exact").compute(inputs);
  EXPECT_EQ(value.protocol.at("n_matched"), "15");
  EXPECT_EQ(value.protocol.at("n_generated"), "50");
  EXPECT_EQ(value.protocol.at("points"), "15");
  EXPECT_EQ(value.value, metric("w2_exact").compute(inputs).value);
  EXPECT_GT(value.value, 0.0);
}

TEST(Wasserstein, OfASampleWithItselfIsZeroWithoutAStandardError) {
  const auto x = normal_matrix(8, 50, 2);
  const auto distance = wasserstein_2(x, x.flip(0));
  EXPECT_EQ(distance.value, 0.0);
  EXPECT_TRUE(std::isnan(distance.standard_error));
}

}  // namespace
}  // namespace assay
