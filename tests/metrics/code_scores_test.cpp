// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "metrics/codes/code_rate.h"
#include "metrics/codes/linear_probe_error.h"
#include "metrics/learners/lbfgs.h"
#include "metrics/learners/logistic_regression.h"
#include "metrics/metric.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// As make_zoo_oracle.py makes them.
LabelledCodes labelled_codes(std::int64_t count, std::int64_t first) {
  auto codes = at::empty({count, 5}, at::kDouble);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto n = first + i;
    labels.push_back((n * 7 + n / 5) % 3);
    for (std::int64_t j = 0; j < 4; ++j) {
      const auto scale = std::pow(10.0, static_cast<double>(j - 2));
      const auto noise =
          static_cast<double>((n * n * (2 * j + 3) + 17 * n * (j + 1) + 5 * j) % 101);
      codes[i][j] =
          noise / 101.0 * scale + scale * 0.35 * static_cast<double>((labels.back() + j) % 3);
    }
    codes[i][4] = 2.5;
  }
  return {codes, at::tensor(labels)};
}

at::Tensor standardised(const at::Tensor& x) {
  const auto deviation = x.std(0, /*unbiased=*/false);
  return (x - x.mean(0)) / at::where(deviation > 0.0, deviation, at::ones_like(deviation));
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksValley) {
  const auto minimum = minimise_lbfgs(
      [](const at::Tensor& x, at::Tensor& gradient) {
        const double a = x[0].item<double>(), b = x[1].item<double>();
        const double valley = b - a * a;
        gradient = at::tensor({-400.0 * a * valley - 2.0 * (1.0 - a), 200.0 * valley}, at::kDouble);
        return 100.0 * valley * valley + (1.0 - a) * (1.0 - a);
      },
      at::tensor({-1.2, 1.0}, at::kDouble), {.gradient_tolerance = 1e-9});
  EXPECT_TRUE(minimum.converged);
  EXPECT_LT(minimum.steps, 100);
  EXPECT_TRUE(at::allclose(minimum.x, at::ones({2}, at::kDouble), 0, 1e-8));
}

TEST(Lbfgs, SaysThatItDidNotConverge) {
  const auto minimum = minimise_lbfgs(
      [](const at::Tensor& x, at::Tensor& gradient) {
        gradient = x.clone();
        return 0.5 * x.square().sum().item<double>();
      },
      at::tensor({3.0, -4.0}, at::kDouble), {.gradient_tolerance = 0.0, .most_steps = 1});
  EXPECT_FALSE(minimum.converged);
  EXPECT_EQ(minimum.steps, 1);
}

TEST(LogisticRegression, ByLbfgsIsScikitLearnsAndNewtons) {
  const auto oracle = oracle_json("zoo_oracle.json")["probe"];
  const auto train = labelled_codes(200, 0);
  const auto x = standardised(train.codes);
  const auto fitted = fit_logistic_by_lbfgs(x, train.labels, 1e-6);
  for (std::int64_t k = 0; k < 3; ++k) {
    for (std::int64_t j = 0; j < 5; ++j) {
      const auto expected =
          oracle["weights"][static_cast<std::size_t>(k)][static_cast<std::size_t>(j)].get<double>();
      // The penalty alone curves the objective by 1, so gradients of 2e-4 bound the distance.
      EXPECT_NEAR(fitted.weights[k][j].item<double>(), expected, 2e-4) << k << " " << j;
    }
  }
  EXPECT_TRUE(at::allclose(fitted.weights, fit_logistic(x, train.labels).weights, 0, 2e-4));
}

TEST(LogisticRegression, OfTwoClassesByLbfgsIsScikitLearnsBinaryModel) {
  const auto oracle = oracle_json("zoo_oracle.json")["probe"];
  const auto train = labelled_codes(200, 0);
  const auto fitted = fit_logistic_by_lbfgs(train.codes.slice(1, 1, 4).contiguous(),
                                            (train.labels == 1).to(at::kLong), 1e-6);
  for (std::int64_t j = 0; j < 3; ++j) {
    EXPECT_NEAR((fitted.weights[1][j] - fitted.weights[0][j]).item<double>(),
                oracle["binary_weights"][static_cast<std::size_t>(j)].get<double>(), 4e-4);
  }
  EXPECT_NEAR((fitted.biases[1] - fitted.biases[0]).item<double>(),
              oracle["binary_bias"].get<double>(), 1e-3);
}

TEST(LinearProbe, MakesTheErrorsOfScikitLearnsPipeline) {
  const auto oracle = oracle_json("zoo_oracle.json")["probe"];
  const auto train = labelled_codes(200, 0), test = labelled_codes(150, 1000);
  // No test code lies so near to a border that the fit's tolerance could move it over.
  ASSERT_GT(oracle["smallest_margin"].get<double>(), 5e-3);
  EXPECT_NEAR(linear_probe_error(train, test), oracle["error"].get<double>(), 1e-12);
  MetricInputs inputs;
  inputs.codes.training = train.codes;
  inputs.labels.training = train.labels;
  inputs.codes.means = test.codes;
  inputs.labels.reference = test.labels;
  const auto value = metric("linear_probe_error").compute(inputs);
  EXPECT_EQ(value.value, linear_probe_error(train, test));
  EXPECT_NEAR(value.standard_error, std::sqrt(value.value * (1.0 - value.value) / 150.0), 1e-12);
  EXPECT_EQ(value.protocol.at("n_train"), "200");
  EXPECT_EQ(value.protocol.at("n_real"), "150");
}

TEST(LinearProbe, DoesNotDependOnTheScaleOfCodes) {
  const auto train = labelled_codes(200, 0), test = labelled_codes(150, 1000);
  const auto scale = at::tensor({1e-4, 1e3, 7.0, 0.1, 1.0}, at::kDouble);
  EXPECT_EQ(
      linear_probe_error({train.codes * scale, train.labels}, {test.codes * scale, test.labels}),
      linear_probe_error(train, test));
}

TEST(LinearProbe, RefusesCodesWithoutClasses) {
  MetricInputs inputs;
  inputs.codes.training = at::rand({4, 2}, at::detail::createCPUGenerator(1));
  inputs.codes.means = inputs.codes.training;
  EXPECT_THAT(refusal([&] { metric("linear_probe_error").compute(inputs); }),
              HasSubstr("training codes have no class each"));
}

TEST(CodeRate, SumsScipysEntropiesOfTheUnits) {
  const auto oracle = oracle_json("zoo_oracle.json")["entropy"];
  const auto codes = labelled_codes(200, 0).codes;
  const auto indices = quantiser_indices(codes, oracle["step"].get<double>());
  EXPECT_NEAR(entropy_of_indices(indices).value, oracle["sum"].get<double>(), 1e-12);
}

TEST(CodeRate, IsAWholeNumberOfBitsForEquallyLikelyLevels) {
  // 16 levels in one unit, 4 in another, one in a third: 4 + 2 + 0 bits for every image.
  const auto n = at::arange(64, at::kDouble);
  const auto codes = at::stack({n.remainder(16), n.div(16, "floor") - 2.0, at::full({64}, 0.3)}, 1);
  const Mean rate = entropy_of_indices(quantiser_indices(codes, 1.0));
  EXPECT_NEAR(rate.value, 6.0, 1e-12);
  EXPECT_NEAR(rate.standard_error, 0.0, 1e-12);
  // Two bits a unit fewer with steps of four: 15.5/4 rounds away from no bound of four levels.
  EXPECT_LT(entropy_of_indices(quantiser_indices(codes, 4.0)).value, 4.0);
}

TEST(CodeRate, StandardErrorIsThatOfTheImagesCodeLengths) {
  // 48 images of level 0 and 16 of level 1: lengths log2(4/3) and 2.
  const auto codes = (at::arange(64) >= 48).to(at::kDouble).unsqueeze(1);
  const double common = std::log2(4.0 / 3.0), mean = 0.75 * common + 0.25 * 2.0;
  const double variance =
      (48.0 * std::pow(common - mean, 2) + 16.0 * std::pow(2.0 - mean, 2)) / 63.0;
  const Mean rate = entropy_of_indices(quantiser_indices(codes, 1.0));
  EXPECT_NEAR(rate.value, mean, 1e-12);
  EXPECT_NEAR(rate.standard_error, std::sqrt(variance / 64.0), 1e-12);
}

TEST(CodeRate, FindsTheStepAtWhichTheErrorReachesItsTolerance) {
  // Error 2 + 0.5 Δ²; 10 % more than 2 at Δ² = 0.4, wherever the steps lie.
  const auto row = [](double step) { return std::vector<double>{step, 2.0 + 0.5 * step * step}; };
  for (const double widest : {3.0, 2.2}) {
    std::vector<double> rows = row(0.0);
    double step = widest;
    while (rows.back() > 2.2 || rows.size() == 2) {
      const auto next = row(step);
      rows.insert(rows.end(), next.begin(), next.end());
      step /= 2.0;
    }
    EXPECT_NEAR(allowed_step(at::tensor(rows, at::kDouble).view({-1, 2}), 0.1), std::sqrt(0.4),
                1e-12);
  }
  // The widest step is taken where even that one costs nothing.
  EXPECT_EQ(allowed_step(at::tensor({0.0, 2.0, 4.0, 2.0}, at::kDouble).view({2, 2}), 0.1), 4.0);
}

TEST(MeanActivation, AveragesUnitsAndImages) {
  MetricInputs inputs;
  inputs.codes.means = at::tensor({0.1, 0.3, 0.5, 0.7, 0.0, 0.2}, at::kDouble).view({3, 2});
  const auto value = metric("mean_activation").compute(inputs);
  EXPECT_NEAR(value.value, 1.8 / 6.0, 1e-12);
  // Means 0.2, 0.6 and 0.1 of the images: variance 0.07.
  EXPECT_NEAR(value.standard_error, std::sqrt(0.07 / 3.0), 1e-12);
}

TEST(JacobianNorm, IsTheMeanOfTheNorms) {
  MetricInputs inputs;
  inputs.codes.jacobian_norms = at::tensor({1.0, 2.0, 6.0}, at::kDouble);
  const auto value = metric("jacobian_norm").compute(inputs);
  EXPECT_NEAR(value.value, 3.0, 1e-12);
  EXPECT_NEAR(value.standard_error, std::sqrt(7.0 / 3.0), 1e-12);
  EXPECT_EQ(value.protocol.at("n_real"), "3");
  EXPECT_THAT(refusal([] { metric("jacobian_norm").compute({}); }),
              HasSubstr("norm input is absent"));
}

TEST(NoisePsnr, ComparesCleanOriginalsWithWhatCameOfCorruptedOnes) {
  MetricInputs inputs;
  inputs.images.originals = at::full({2, 1, 4, 4}, 100, at::kByte);
  inputs.images.reconstructions = inputs.images.originals;
  inputs.images.noisy_reconstructions = at::full({2, 1, 4, 4}, 110, at::kByte);
  const auto value = metric("noise_psnr").compute(inputs);
  EXPECT_EQ(value.name, "noise_psnr");
  EXPECT_NEAR(value.value, 10.0 * std::log10(255.0 * 255.0 / 100.0), 1e-12);
  inputs.images.noisy_reconstructions = at::Tensor();
  EXPECT_THAT(refusal([&] { metric("noise_psnr").compute(inputs); }),
              HasSubstr("there are no reconstructions"));
}

}  // namespace
}  // namespace assay
