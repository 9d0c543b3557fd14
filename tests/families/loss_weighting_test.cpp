// SPDX-License-Identifier: Apache-2.0
// Weightings of a diffusion model's loss against the papers' formulas and closed forms.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "families/diffusion/loss_weighting.h"

namespace assay {
namespace {

// At the timesteps of a schedule; empty where each counts 1.
std::vector<double> weights_of(const NoiseSchedule& schedule, const std::string& weighting,
                               const std::string& prediction,
                               const LossWeightingSettings& settings) {
  const auto process = grid_process(schedule, torch::kCPU);
  const auto steps = static_cast<std::int64_t>(schedule.size());
  const auto t = torch::arange(steps, torch::kDouble) / steps;
  const auto weights =
      output_weights(loss_weightings().at(weighting), parameterisations().at(prediction), *process,
                     t, process->at(t), settings);
  if (!weights.defined()) return {};
  const auto values = weights.to(torch::kDouble);
  return {values.data_ptr<double>(), values.data_ptr<double>() + steps};
}

// At signal-to-noise ratios of 20, 3 and .01.
std::vector<double> weights(const std::string& weighting, const std::string& prediction,
                            const LossWeightingSettings& settings) {
  return weights_of({20.0 / 21.0, 0.75, 0.01 / 1.01}, weighting, prediction, settings);
}

void expect(const std::vector<double>& values, const std::vector<double>& right) {
  ASSERT_EQ(values.size(), right.size());
  for (std::size_t i = 0; i < right.size(); ++i)
    EXPECT_NEAR(values[i], right[i], 1e-7 * right[i]) << i;  // f32
}

TEST(LossWeighting, MinSnrCutsTheRatioOff) {
  // Hang et al. 2023: ε min(SNR, γ)/SNR, x0 min(SNR, γ), v min(SNR, γ)/(SNR + 1).
  const LossWeightingSettings five = {.min_snr_gamma = 5.0};
  expect(weights("min_snr", "epsilon", five), {0.25, 1.0, 1.0});
  expect(weights("min_snr", "x0", five), {5.0, 3.0, 0.01});
  expect(weights("min_snr", "v", five), {5.0 / 21.0, 3.0 / 4.0, 0.01 / 1.01});
  EXPECT_NEAR(weights("min_snr", "v", five)[2], 0.0099, 1e-5);
  expect(weights("min_snr", "x0", {.min_snr_gamma = 1.0}), {1.0, 1.0, 0.01});
}

TEST(LossWeighting, P2FallsWithThePowerOfTheRatio) {
  // Choi et al. 2022: ε 1/(k + SNR)^γ; an error of x0 is SNR times as large in ε, one of v ᾱ times.
  const LossWeightingSettings square = {.p2_k = 1.0, .p2_gamma = 2.0};
  const double low = 1.0 / (1.01 * 1.01);
  expect(weights("p2", "epsilon", square), {1.0 / 441.0, 1.0 / 16.0, low});
  expect(weights("p2", "x0", square), {20.0 / 441.0, 3.0 / 16.0, 0.01 * low});
  expect(weights("p2", "v", square), {20.0 / 21.0 / 441.0, 0.75 / 16.0, 0.01 / 1.01 * low});
  expect(weights("p2", "epsilon", {.p2_k = 5.0, .p2_gamma = 1.0}),
         {1.0 / 25.0, 1.0 / 8.0, 1.0 / 5.01});
}

TEST(LossWeighting, TheBoundsTermsAreDifferencesOfTheRatio) {
  // Kingma et al. 2021, eq. 14: L_{t-1} = ½ (SNR(t−1) − SNR(t)) ‖x_0 − x̂_0‖².
  expect({weights("vlb", "x0", {})[1], weights("vlb", "x0", {})[2]}, {8.5, 1.495});
  expect({weights("vlb", "v", {})[1], weights("vlb", "v", {})[2]}, {8.5 / 4.0, 1.495 / 1.01});
  // Ho et al. 2020, eq. 12, from β, α and ᾱ of the paper's schedule.
  const auto schedule = linear_schedule(1000);
  const auto of_eps = weights_of(schedule, "vlb", "epsilon", {});
  const double beta = 1e-4 + (0.02 - 1e-4) * 500.0 / 999.0;
  const double posterior = beta * (1.0 - schedule[499]) / (1.0 - schedule[500]);
  EXPECT_NEAR(of_eps[500], beta * beta / (2.0 * posterior * (1.0 - beta) * (1.0 - schedule[500])),
              1e-9);
  // β = 1 − ᾱ = 1e-4, and β̃_1 = 0 takes β̃_2 = 5.453e-5.
  EXPECT_NEAR(of_eps[0], 1e-8 / (2.0 * 5.453e-5 * 0.9999 * 1e-4), 1e-4);
}

TEST(LossWeighting, SimpleIsTheMeanSquaredError) {
  const auto predicted = torch::tensor({1.0, 2.0, 3.0, 4.0}).view({2, 1, 1, 2});
  const auto target = torch::tensor({0.0, 0.0, 1.0, 1.0}).view({2, 1, 1, 2});
  for (const std::string prediction : {"epsilon", "v", "x0"}) {
    EXPECT_TRUE(weights("simple", prediction, {}).empty());
  }
  // (1 + 4 + 4 + 9)/4.
  EXPECT_EQ(weighted_squared_error(predicted, target, {}).item<double>(), 4.5);
}

TEST(LossWeighting, EachImageCountsByItsOwnTimestep) {
  const auto predicted = torch::tensor({1.0, 2.0, 3.0, 4.0}).view({2, 1, 1, 2});
  const auto target = torch::tensor({0.0, 0.0, 1.0, 1.0}).view({2, 1, 1, 2});
  // Means of 2.5 and 6.5; (0.5 · 2.5 + 2 · 6.5)/2.
  EXPECT_EQ(weighted_squared_error(predicted, target, torch::tensor({0.5, 2.0})).item<double>(),
            7.125);
}

}  // namespace
}  // namespace assay
