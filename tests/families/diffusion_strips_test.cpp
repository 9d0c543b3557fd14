// SPDX-License-Identifier: Apache-2.0
// What a diffusion model shows of its process, against closed forms.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/sampler.h"
#include "families/noising.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

constexpr double kOutput = 0.3;
const std::string kPoints =
    "family = 'diffusion'\nmodel.network = 'mlp'\nmodel.hidden_widths = [8]\n";
const std::string kGrid =
    "objective.timesteps = 4\nobjective.schedule = 'cosine'\nsampler.steps = 4\n";

// Its network says .3 whatever it sees.
std::unique_ptr<Trainable> constant_model(const std::string& toml) {
  auto model = small_model(kPoints + toml, {2});
  const torch::NoGradGuard no_grad;
  auto state = state_of(*model);
  state.at("network.layer1.weight").zero_();
  state.at("network.layer1.bias").fill_(kOutput);
  return model;
}

NoisingModel& noising(Trainable& model) { return dynamic_cast<NoisingModel&>(model); }

double log_snr(double alpha_bar) { return std::log(alpha_bar / (1.0 - alpha_bar)); }

TEST(SnrCurve, OfAGridIsThatOfItsTable) {
  const auto curve = noising(*constant_model(kGrid)).snr_curve(33);
  const auto alpha_bar = cosine_schedule(4);
  ASSERT_EQ(curve.sizes(), (at::IntArrayRef{4, 2}));  // each timestep once
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(curve[i][0].item<double>(), static_cast<double>(i) / 4.0);
    EXPECT_NEAR(curve[i][1].item<double>(), log_snr(alpha_bar[static_cast<std::size_t>(i)]), 1e-9);
  }
}

TEST(SnrCurve, OfContinuousTimeFollowsThePapers) {
  // EDM: σ from .002 to 80 in equal ratios.
  const auto edm = noising(*constant_model("objective.process = 'edm'\nobjective.prediction = 'F'\n"
                                           "sampler.steps = 4\n"))
                       .snr_curve(5);
  for (int64_t k = 0; k < 5; ++k) {
    const double sigma = 0.002 * std::pow(40000.0, static_cast<double>(k) / 4.0);
    EXPECT_NEAR(edm[k][1].item<double>(), -2.0 * std::log(sigma), 1e-9) << k;
  }
  const auto flow =
      noising(*constant_model("objective.process = 'ot'\nobjective.prediction = 'velocity'\n"
                              "sampler.name = 'euler'\nsampler.spacing = 'trailing'\n"))
          .snr_curve(3);
  EXPECT_NEAR(flow[1][1].item<double>(), 2.0 * std::log(0.4995 / 0.5005), 1e-9);
  EXPECT_EQ(flow[2][1].item<double>(), -std::numeric_limits<double>::infinity());
}

TEST(NoisedStrips, AreTheForwardProcessOfOneNoiseAnExample) {
  const auto x0 = torch::randn({3, 2}, seeded(1));
  const auto eps = torch::randn({3, 2}, seeded(2));
  const auto grid = noising(*constant_model(kGrid)).noised_strips(x0, 3, seeded(2));
  const auto alpha_bar = cosine_schedule(4);
  ASSERT_EQ(grid.sizes(), (at::IntArrayRef{3, 3, 2}));
  EXPECT_TRUE(torch::equal(grid.select(1, 0), x0));
  // Half of timestep 3 rounds up.
  for (const auto& [column, i] : {std::pair<int64_t, std::size_t>{1, 2}, {2, 3}}) {
    const auto right = std::sqrt(alpha_bar[i]) * x0 + std::sqrt(1.0 - alpha_bar[i]) * eps;
    EXPECT_TRUE(torch::allclose(grid.select(1, column), right, 1e-5, 1e-6)) << column;
  }
  const auto ve = noising(*constant_model("objective.process = 've'\nobjective.prediction = "
                                          "'score'\nsampler.steps = 4\n"))
                      .noised_strips(x0, 3, seeded(2));
  // σ = .01 · 5000^t, at unit power.
  for (const auto& [column, sigma] :
       {std::pair<int64_t, double>{1, 0.01 * std::sqrt(5000.0)}, {2, 50.0}}) {
    const auto right = (x0 + sigma * eps) / std::sqrt(1.0 + sigma * sigma);
    EXPECT_TRUE(torch::allclose(ve.select(1, column), right, 1e-5, 1e-6)) << column;
  }
}

TEST(DenoisedStrips, GoFromTheNoiseToTheSamplesOfTheSameGenerator) {
  // DDIM of an ε of .3 by hand (Song et al. 2021, eq. 12), at timesteps 3, 2, 1, 0.
  const auto model = constant_model(kGrid);
  const auto strips = noising(*model).denoised_strips(2, 10, seeded(3));
  ASSERT_TRUE(strips);
  ASSERT_EQ(strips->sizes(), (at::IntArrayRef{2, 5, 2}));  // no more than there are
  const auto alpha_bar = cosine_schedule(4);
  auto x = draw_diffusion_latents(2, {2}, seeded(3)).noise;
  for (int64_t column = 0; column < 4; ++column) {
    EXPECT_TRUE(torch::allclose(strips->select(1, column), x, 1e-4, 1e-5)) << column;
    const double of_t = alpha_bar[static_cast<std::size_t>(3 - column)];
    const auto x0 = (x - std::sqrt(1.0 - of_t) * kOutput) / std::sqrt(of_t);
    const double of_s = column < 3 ? alpha_bar[static_cast<std::size_t>(2 - column)] : 1.0;
    x = std::sqrt(of_s) * x0 + std::sqrt(1.0 - of_s) * kOutput;
  }
  EXPECT_TRUE(torch::equal(strips->select(1, 4), samples_of(*model, 2)));
  const auto some = noising(*model).denoised_strips(2, 3, seeded(3));
  EXPECT_TRUE(torch::equal(some->select(1, 1), strips->select(1, 2)));
}

TEST(DenoisedStrips, AreNoneOfASamplerWithoutSteps) {
  const auto model = constant_model(
      "objective.process = 'ot'\nobjective.prediction = 'velocity'\n"
      "sampler.name = 'dopri5'\nsampler.tolerance = 1e-2\n");
  EXPECT_FALSE(noising(*model).denoised_strips(2, 4, seeded(1)));
  EXPECT_FALSE(noising(*model).bound_terms({torch::zeros({2, 2}), {}}, 4, seeded(1)));
}

TEST(BoundTerms, OfAConstantEstimateAreClosedForms) {
  // x̂_0 = .3 and variance β: KL of two Gaussians, by hand (Ho et al. 2020, eq. 5-7).
  const auto model = constant_model(kGrid + "objective.prediction = 'x0'\n");
  const auto x0 = torch::tensor({{0.5F, -1.0F}, {0.1F, 0.7F}});
  const auto rows = noising(*model).bound_terms({x0, {}}, 50, seeded(1));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->sizes(), (at::IntArrayRef{5, 2}));
  const auto alpha_bar = cosine_schedule(4);
  const auto mean_of = [&](const std::function<double(double)>& nats) {
    double sum = 0.0;
    for (const double x : {0.5, -1.0, 0.1, 0.7}) sum += nats(static_cast<float>(x));
    return sum / 4.0 / std::numbers::ln2;
  };
  for (int64_t i = 1; i < 4; ++i) {
    const double of_t = alpha_bar[static_cast<std::size_t>(i)];
    const double of_s = alpha_bar[static_cast<std::size_t>(i - 1)];
    const double beta = 1.0 - of_t / of_s, small = beta * (1.0 - of_s) / (1.0 - of_t);
    const double right = mean_of([&](double x) {
      const double apart = std::sqrt(of_s) * beta / (1.0 - of_t) * (x - kOutput);
      return 0.5 * (std::log(beta / small) + (small + apart * apart) / beta - 1.0);
    });
    EXPECT_EQ((*rows)[i][0].item<double>(), static_cast<double>(i));
    EXPECT_NEAR((*rows)[i][1].item<double>(), right, 1e-6) << i;
  }
  const double first = 1.0 - alpha_bar[0];
  EXPECT_NEAR((*rows)[0][1].item<double>(), mean_of([&](double x) {
                return 0.5 * (std::log(2.0 * std::numbers::pi * first) +
                              (x - kOutput) * (x - kOutput) / first);
              }),
              1e-5);
  const double signal = alpha_bar[3], noise = 1.0 - alpha_bar[3];
  EXPECT_EQ((*rows)[4][0].item<double>(), 4.0);
  EXPECT_NEAR((*rows)[4][1].item<double>(), mean_of([&](double x) {
                return 0.5 * (noise + signal * x * x - 1.0 - std::log(noise));
              }),
              1e-9);
}

}  // namespace
}  // namespace assay
