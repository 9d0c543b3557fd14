// SPDX-License-Identifier: Apache-2.0
// Samplers of diffusion models whose exact estimate of x_0 is known.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "tests/families/known_laws.h"
#include "tests/families/sampler_run.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

TEST(DiffusionSampler, ErrsByThePowerOfTheStepThatItsOrderIs) {
  // log(ᾱ/(1 − ᾱ)) falls evenly from 8 to −8, so that n steps are of one length in it. What the
  // last step, to the estimate of x_0, makes of the ODE's solution is known too.
  NoiseSchedule schedule;
  for (int t = 0; t <= 1024; ++t) schedule.push_back(1.0 / (1.0 + std::exp(16.0 * t / 1024 - 8)));
  const auto x_T = torch::linspace(-3.0, 3.0, 13, torch::kDouble).view({1, 1, 1, 13});
  const auto first = marginal(schedule[0]);
  const auto right =
      estimate_of_gaussian(flow_of_gaussian(x_T, marginal(schedule.back()), first), first);
  for (const auto& [name, order] : {std::pair{"ddim", 1.0}, {"dpmpp_2m", 2.0}, {"heun", 2.0}}) {
    const auto error_of = [&, name = name](std::int64_t steps) {
      const auto x =
          even_run(name, schedule, steps + 1)
              .from(x_T, {}, [&](const torch::Tensor& x_t, std::int64_t t) {
                return estimate_of_gaussian(x_t, marginal(schedule[static_cast<std::size_t>(t)]));
              });
      return (x - right).norm().item<double>();
    };
    // The slope's own error halves with the step: .011 at most at 64 steps.
    EXPECT_NEAR(std::log2(error_of(64) / error_of(128)), order, 0.025) << name;
    EXPECT_NEAR(std::log2(error_of(128) / error_of(256)), order, 0.0125) << name;
  }
}

TEST(DiffusionSampler, ReachesAMixturesLawFromItsExactEstimate) {
  // 40,000 pixels: four standard errors of a share are .01 at most.
  const auto latents = draw_diffusion_latents(4, {1, 100, 100}, seeded(1));
  for (const auto& name : ddpm_samplers().names()) {
    auto run = even_run(name, cosine_schedule(1000), name == "ancestral" ? 500 : 100);
    run.options.settings.large_variance = false;
    const auto x =
        run.from(latents.noise, latents.seeds, [&](const torch::Tensor& x_t, std::int64_t t) {
          return estimate_of_mixture(x_t, level(run.schedule[static_cast<std::size_t>(t)]));
        });
    expect_mixture(x, name, 0.012);
  }
}

// Neither straight nor the same at all times.
torch::Tensor bent(const torch::Tensor& x_t, std::int64_t t) {
  return torch::tanh(3.0 * x_t) * (1.0 - static_cast<double>(t) / 60.0);
}

TEST(DpmSolver, IsTheLoopOfKDiffusionInScaledImages) {
  // sample_dpmpp_2m of k-diffusion: x̄ = x/√ᾱ, σ̄ = √(1 − ᾱ)/√ᾱ, time −log σ̄.
  const auto schedule = cosine_schedule(30);
  const std::vector<std::int64_t> times = {27, 20, 16, 5, 1};
  const GridRun run("dpmpp_2m", schedule, times);
  const auto x_T = torch::randn({2, 1, 4, 4}, seeded(1)).to(torch::kDouble);
  const auto alpha_bar = [&](std::size_t i) {
    return schedule[static_cast<std::size_t>(times[i])];
  };
  const auto sigma = [&](std::size_t i) {
    return i == times.size() ? 0.0 : std::sqrt(1.0 / alpha_bar(i) - 1.0);
  };
  auto x = x_T / std::sqrt(alpha_bar(0));
  torch::Tensor old;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto denoised = bent(std::sqrt(alpha_bar(i)) * x, times[i]);
    const double h = std::log(sigma(i)) - std::log(sigma(i + 1));
    auto used = denoised;
    if (old.defined() && sigma(i + 1) > 0.0) {
      const double h_last = std::log(sigma(i - 1)) - std::log(sigma(i)), r = h_last / h;
      used = (1 + 1 / (2 * r)) * denoised - (1 / (2 * r)) * old;
    }
    x = sigma(i + 1) / sigma(i) * x - std::expm1(-h) * used;
    old = denoised;
  }
  EXPECT_TRUE(torch::allclose(run.from(x_T, {}, bent), x, 1e-9, 1e-9));
}

TEST(DpmSolver, IsDdimInItsFirstStepAndTheEstimateInItsLast) {
  const auto x_T = torch::randn({2, 1, 4, 4}, seeded(1)).to(torch::kDouble);
  const auto schedule = linear_schedule(30);
  EXPECT_TRUE(torch::allclose(even_run("dpmpp_2m", schedule, 2).from(x_T, {}, bent),
                              even_run("ddim", schedule, 2).from(x_T, {}, bent), 1e-9, 1e-9));
}

TEST(Heun, TakesTheSecondSlopeWhereTheEulerStepEnds) {
  // dx/dφ = √ᾱ ε − √(1 − ᾱ) x_0 of x = cos φ x_0 + sin φ ε.
  const auto schedule = cosine_schedule(30);
  const auto x_T = torch::randn({2, 1, 4, 4}, seeded(1)).to(torch::kDouble);
  const auto slope = [&](const torch::Tensor& x, std::int64_t t) {
    const double signal = std::sqrt(schedule[static_cast<std::size_t>(t)]);
    const double noise = std::sqrt(1.0 - signal * signal);
    const auto x0 = bent(x, t), eps = (x - signal * x0) / noise;
    return signal * eps - noise * x0;
  };
  const double length = std::acos(std::sqrt(schedule[10])) - std::acos(std::sqrt(schedule[29]));
  const auto euler = x_T + length * slope(x_T, 29);
  const auto x = x_T + length * (slope(x_T, 29) + slope(euler, 10)) / 2.0;
  const GridRun run("heun", schedule, {29, 10});
  EXPECT_TRUE(torch::allclose(run.from(x_T, {}, bent), bent(x, 10), 1e-9, 1e-9));
}

TEST(DiffusionSampler, BeginsWhereNoSignalIsLeft) {
  // Of pure noise the estimate is the mean, .2; every sampler goes on from there to the law's end.
  const auto latents = draw_diffusion_latents(4, {1, 50, 50}, seeded(1));
  const auto schedule = with_zero_terminal_snr(linear_schedule(1000));
  for (const auto& name : ddpm_samplers().names()) {
    auto run = even_run(name, schedule, name == "ancestral" ? 1000 : 250);
    run.options.settings.large_variance = false;
    const auto x =
        run.from(latents.noise, latents.seeds, [&](const torch::Tensor& x_t, std::int64_t t) {
          return estimate_of_gaussian(x_t, marginal(schedule[static_cast<std::size_t>(t)]));
        });
    // Five standard errors of 10,000 pixels.
    EXPECT_NEAR(x.mean().item<double>(), 0.2, 0.01) << name;
    EXPECT_NEAR(x.std().item<double>(), 0.2, 0.01) << name;
  }
}

}  // namespace
}  // namespace assay
