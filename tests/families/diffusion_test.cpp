// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <numbers>
#include <set>
#include <tuple>

#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "families/diffusion/steps.h"
#include "families/diffusion/time_distribution.h"
#include "families/sampling.h"
#include "tests/families/known_laws.h"
#include "tests/families/sampler_run.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

torch::Tensor normal(std::vector<std::int64_t> shape, std::uint64_t seed) {
  return torch::randn(shape, seeded(seed), torch::kDouble);
}

TEST(NoiseSchedule, LinearEndsWhereThePaperSaysItDoes) {
  const auto alpha_bar = linear_schedule(1000);
  EXPECT_DOUBLE_EQ(alpha_bar[0], 1.0 - 1e-4);
  // Ho et al. 2020, sec. 4: KL(q(x_T|x_0) ‖ N(0,I)) ≈ 1e-5 bits per dimension. For x_0² at its mean
  // over [−1,1] scaled data that is at most ½ ᾱ_T in nats, so ᾱ_T is of order 4e-5.
  EXPECT_NEAR(alpha_bar[999], 4.04e-5, 1e-7);
}

TEST(NoiseSchedule, CosineIsTheSquaredCosineUntilBetaIsCapped) {
  const auto alpha_bar = cosine_schedule(1000);
  const auto f = [](double u) {
    return std::pow(std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2.0), 2.0);
  };
  EXPECT_NEAR(alpha_bar[499], f(0.5) / f(0.0), 1e-12);
  EXPECT_NEAR(alpha_bar[0], f(0.001) / f(0.0), 1e-12);
  EXPECT_NEAR(alpha_bar[999] / alpha_bar[998], 0.001, 1e-12);  // β capped at 0.999
}

TEST(NoiseSchedule, CosineIsThatOfAnotherImplementation) {
  // guided-diffusion: ᾱ of steps 500 and 1000 of 1000; 1/√ᾱ of the last is what multiplies ε.
  const auto alpha_bar = cosine_schedule(1000);
  EXPECT_NEAR(alpha_bar[499], 0.4938, 5e-5);
  EXPECT_NEAR(alpha_bar[999], 2.429e-9, 5e-13);
  EXPECT_NEAR(1.0 / std::sqrt(alpha_bar[999]), 20291.0, 1.0);
}

TEST(NoiseSchedule, SigmoidIsThatOfThePaper) {
  // Jabri et al. 2022, gamma_sigmoid(t, start=-3, end=3, tau=1): ½ in the middle by symmetry, and
  // (S(3) − S(−1.5))/(S(3) − S(−3)) at a quarter.
  const auto alpha_bar = sigmoid_schedule(1000);
  EXPECT_NEAR(alpha_bar[499], 0.5, 1e-12);
  EXPECT_NEAR(alpha_bar[249], (0.9525741268 - 0.1824255238) / (0.9525741268 - 0.0474258732), 1e-9);
  EXPECT_NEAR(alpha_bar[249] + alpha_bar[749], 1.0, 1e-12);
  EXPECT_NEAR(alpha_bar[999] / alpha_bar[998], 0.001, 1e-12);  // β capped at 0.999
}

TEST(NoiseSchedule, EndsWithTheSignalThatThePaperOfTheRescalingFound) {
  // Lin et al. 2023, table 1: SNR(T) and √ᾱ_T, linear and cosine. Their cosine one multiplies 1 − β
  // in f32, where β = .999 leaves five digits.
  const double linear = linear_schedule(1000)[999], cosine = cosine_schedule(1000)[999];
  EXPECT_NEAR(linear / (1.0 - linear), 4.035993e-5, 5e-12);
  EXPECT_NEAR(std::sqrt(linear), 0.006353, 5e-7);
  EXPECT_NEAR(cosine / (1.0 - cosine), 2.428735e-9, 2e-5 * 2.428735e-9);
  EXPECT_NEAR(std::sqrt(cosine), 4.928220e-5, 2e-5 * 4.928220e-5);
}

TEST(NoiseSchedule, ScaledLinearIsThatOfStableDiffusion) {
  // Lin et al. 2023, table 1: SNR(T) and √ᾱ_T of Stable Diffusion; k-diffusion prints the noise
  // over the signal of its last and first timestep, 14.6146 and 0.0292.
  const auto alpha_bar = scaled_linear_schedule(1000, 0.00085, 0.012);
  EXPECT_NEAR(alpha_bar[999] / (1.0 - alpha_bar[999]), 0.004682, 5e-7);
  EXPECT_NEAR(std::sqrt(alpha_bar[999]), 0.068265, 5e-7);
  const auto noise = [&](std::size_t t) { return std::sqrt(1.0 / alpha_bar[t] - 1.0); };
  EXPECT_NEAR(noise(999), 14.6146, 5e-5);
  EXPECT_NEAR(noise(0), 0.0292, 5e-5);
}

TEST(NoiseSchedule, ScaledLinearRefusesBetasThatFallOrReachOne) {
  EXPECT_THROW(scaled_linear_schedule(1, 0.0015, 0.0195), c10::Error);
  EXPECT_THROW(scaled_linear_schedule(10, 0.02, 0.01), c10::Error);
  EXPECT_THROW(scaled_linear_schedule(10, 0.02, 1.0), c10::Error);
}

TEST(NoiseSchedule, RescaledEndsInPureNoise) {
  for (const auto& before : {linear_schedule(1000), cosine_schedule(30), sigmoid_schedule(100)}) {
    const auto after = with_zero_terminal_snr(before);
    EXPECT_EQ(after.back(), 0.0);
    EXPECT_NEAR(after.front(), before.front(), 1e-12);
    // √ᾱ is an affine function of what it was: differences keep their ratio.
    const auto step = [](const NoiseSchedule& of, std::size_t t) {
      return std::sqrt(of[t]) - std::sqrt(of[t + 1]);
    };
    EXPECT_NEAR(step(after, 3) / step(after, 20), step(before, 3) / step(before, 20), 1e-9);
  }
}

TEST(NoiseSchedule, FallsStrictlyWithinZeroAndOne) {
  for (const auto& alpha_bar :
       {linear_schedule(1000), linear_schedule(50), cosine_schedule(30), sigmoid_schedule(1000),
        sigmoid_schedule(4), scaled_linear_schedule(1000, 0.0015, 0.0195)}) {
    double previous = 1.0;
    for (const double value : alpha_bar) {
      EXPECT_LT(value, previous);
      EXPECT_GT(value, 0.0);
      previous = value;
    }
  }
}

TEST(StepSpacing, FallsEvenlyFromTheLastToTheFirst) {
  EXPECT_EQ(even_timesteps(10, 10), (std::vector<std::int64_t>{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(even_timesteps(1000, 4), (std::vector<std::int64_t>{999, 666, 333, 0}));
  EXPECT_EQ(even_timesteps(1000, 1), (std::vector<std::int64_t>{999}));
  const auto times = even_timesteps(1000, 613);
  EXPECT_EQ(std::set<std::int64_t>(times.begin(), times.end()).size(), 613u);
  EXPECT_THROW(even_timesteps(10, 11), c10::Error);
}

TEST(StepSpacing, IsThatOfDiffusers) {
  // 13 of 1000 steps, as its schedulers list them; even rounds 832.5 upwards.
  const auto of = [](const std::string& name) { return step_spacings().at(name)(1000, 13); };
  EXPECT_EQ(of("leading"), (std::vector<std::int64_t>{912, 836, 760, 684, 608, 532, 456, 380, 304,
                                                      228, 152, 76, 0}));
  EXPECT_EQ(of("linspace"), (std::vector<std::int64_t>{999, 916, 832, 749, 666, 583, 500, 416, 333,
                                                       250, 166, 83, 0}));
  EXPECT_EQ(of("trailing"), (std::vector<std::int64_t>{999, 922, 845, 768, 691, 614, 537, 461, 384,
                                                       307, 230, 153, 76}));
  EXPECT_EQ(of("even")[2], 833);
}

TEST(StepSpacing, FallsStrictlyWhateverTheSteps) {
  for (const auto& name : step_spacings().names()) {
    for (std::int64_t steps = 1; steps <= 61; ++steps) {
      const auto times = step_spacings().at(name)(61, steps);
      ASSERT_EQ(times.size(), static_cast<std::size_t>(steps)) << name;
      EXPECT_LE(times.front(), 60) << name << steps;
      EXPECT_GE(times.back(), 0) << name << steps;
      for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i], times[i - 1]) << name;
    }
    EXPECT_THROW(step_spacings().at(name)(61, 62), c10::Error) << name;
  }
}

TEST(TrainingTimesteps, StratifiedPutsOneInEachPart) {
  const auto t = stratified_timesteps(torch::rand({10}, seeded(1)), 1000);
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_GE(t[i].item<std::int64_t>(), 100 * i);
    EXPECT_LT(t[i].item<std::int64_t>(), 100 * (i + 1));
  }
}

TEST(TrainingTimesteps, NeverReachTheNumberOfTimesteps) {
  const auto u = torch::full({4}, std::nextafter(1.0f, 0.0f));
  EXPECT_LE(uniform_timesteps(u, 1000).max().item<std::int64_t>(), 999);
  EXPECT_LE(stratified_timesteps(u, 1000).max().item<std::int64_t>(), 999);
  EXPECT_EQ(uniform_timesteps(torch::zeros({1}), 1000).item<std::int64_t>(), 0);
}

TEST(DiffusionSteps, MarginalOfTheChainIsQSample) {
  // Two Markov steps x_s = √α x + √(1−α) ε of variance-preserving noise compose to ᾱ = α₁α₂:
  // E x_t = √ᾱ x_0, Var x_t = α₂(1−α₁) + (1−α₂) = 1 − ᾱ.
  const double a1 = 0.9, a2 = 0.7;
  const auto eps = normal({200000}, 1), eps2 = normal({200000}, 2);
  const auto x1 = q_sample(torch::full({200000}, 2.0, torch::kDouble), eps, level(a1));
  const auto x2 = q_sample(x1, eps2, level(a2));
  EXPECT_NEAR(x2.mean().item<double>(), 2.0 * std::sqrt(a1 * a2), 0.008);
  EXPECT_NEAR(x2.var().item<double>(), 1.0 - a1 * a2, 0.008);
}

TEST(DiffusionSteps, X0ComesBackFromEpsAndFromV) {
  const auto x0 = normal({2, 1, 3, 3}, 1), eps = normal({2, 1, 3, 3}, 2);
  const double alpha_bar = 0.37;
  const auto x_t = q_sample(x0, eps, level(alpha_bar));
  const auto v = v_target(x0, eps, level(alpha_bar));
  EXPECT_TRUE(torch::allclose(x0_from_eps(x_t, eps, level(alpha_bar)), x0));
  EXPECT_TRUE(torch::allclose(x0_from_v(x_t, v, level(alpha_bar)), x0));
  EXPECT_TRUE(torch::allclose(eps_from_x0(x_t, x0, marginal(alpha_bar)), eps));
}

TEST(DiffusionSteps, PosteriorIsBayesRule) {
  // p(x_s|x_t,x_0) ∝ N(x_t; √α x_s, β) N(x_s; √ᾱ_s x_0, 1−ᾱ_s): precisions add.
  const DiffusionStep step{.from = marginal(0.3), .to = marginal(0.5)};
  const double alpha = 0.6, beta = 0.4;
  const double precision = alpha / beta + 1.0 / (1.0 - 0.5);
  const auto weights = posterior_weights(step);
  EXPECT_NEAR(weights.beta, beta, 1e-12);
  EXPECT_NEAR(weights.variance, 1.0 / precision, 1e-12);
  EXPECT_NEAR(weights.x_t_weight, std::sqrt(alpha) / beta / precision, 1e-12);
  EXPECT_NEAR(weights.x0_weight, std::sqrt(0.5) / (1.0 - 0.5) / precision, 1e-12);
}

TEST(DiffusionSteps, PosteriorIsWhatTheChainLeavesOfTheStepBefore) {
  // The chain run forward from x_0; of jointly normal x_s and x_t the conditional mean is a line.
  const double x0 = 0.7, count = 400'000;
  for (const auto& [to, ratio, beta] :
       {std::tuple{marginal(0.5), std::sqrt(0.6), 0.4},
        std::tuple{Marginal{.signal = 1.0, .noise = 0.5}, 1.0, 0.75}}) {
    const auto x_s = x0 * to.signal + to.noise * normal({400'000}, 1);
    const auto x_t = ratio * x_s + std::sqrt(beta) * normal({400'000}, 2);
    const auto away = x_t - x_t.mean();
    const double slope = ((x_s * away).sum() / away.square().sum()).item<double>();
    const double offset = (x_s - slope * x_t).mean().item<double>();
    const double variance = (x_s - slope * x_t).var().item<double>();
    const double noise = std::sqrt(ratio * ratio * to.noise * to.noise + beta);
    const auto weights =
        posterior_weights({.from = {.signal = ratio * to.signal, .noise = noise}, .to = to});
    const double error = std::sqrt(weights.variance / count);
    EXPECT_NEAR(slope, weights.x_t_weight, 4.0 * error / noise);
    EXPECT_NEAR(offset, weights.x0_weight * x0, 8.0 * error);
    EXPECT_NEAR(variance, weights.variance, 4.0 * weights.variance * std::sqrt(2.0 / count));
  }
}

TEST(DiffusionSteps, AncestralMeanEqualsEquationElevenInEpsilon) {
  // μ = (x_t − β/√(1−ᾱ) ε) / √α.
  const DiffusionStep step{.from = marginal(0.3), .to = marginal(0.5)};
  const auto x_t = normal({2, 1, 3, 3}, 1), eps = normal({2, 1, 3, 3}, 2);
  const auto zero = torch::zeros_like(x_t);
  const auto x0 = x0_from_eps(x_t, eps, level(0.3));
  const auto expected = (x_t - 0.4 / std::sqrt(0.7) * eps) / std::sqrt(0.6);
  EXPECT_TRUE(torch::allclose(ancestral_step(x_t, x0, zero, step, false), expected));
  const auto one = torch::ones_like(x_t);
  EXPECT_TRUE(torch::allclose(ancestral_step(x_t, x0, one, step, true) - expected,
                              torch::full_like(x_t, std::sqrt(0.4))));
}

TEST(DiffusionSteps, DdimWithFullNoiseIsAncestralWithThePosteriorVariance) {
  const DiffusionStep step{.from = marginal(0.3), .to = marginal(0.5)};
  const auto x_t = normal({2, 1, 3, 3}, 1), x0 = normal({2, 1, 3, 3}, 2);
  const auto noise = normal({2, 1, 3, 3}, 3);
  EXPECT_TRUE(torch::allclose(ddim_step(x_t, x0, noise, step, 1.0),
                              ancestral_step(x_t, x0, noise, step, false)));
}

TEST(DiffusionSteps, DeterministicDdimKeepsTheImpliedNoise) {
  // With the true x_0, x_s is q_sample at ᾱ_s with the same ε.
  const auto x0 = normal({2, 1, 3, 3}, 1), eps = normal({2, 1, 3, 3}, 2);
  const auto x_t = q_sample(x0, eps, level(0.3));
  const DiffusionStep step{.from = marginal(0.3), .to = marginal(0.5)};
  EXPECT_TRUE(torch::allclose(ddim_step(x_t, x0, {}, step, 0.0), q_sample(x0, eps, level(0.5))));
}

TEST(DiffusionSteps, LastStepReturnsTheEstimate) {
  const auto x_t = normal({1, 1, 2, 2}, 1), x0 = normal({1, 1, 2, 2}, 2);
  const DiffusionStep last{.from = marginal(0.99)};
  EXPECT_TRUE(torch::allclose(ddim_step(x_t, x0, {}, last, 1.0), x0));
  EXPECT_TRUE(torch::allclose(ancestral_step(x_t, x0, {}, last, true), x0));
}

TEST(DiffusionSampler, RecoversAGaussianFromItsExactDenoiser) {
  // Every sampler must turn noise into N(0.2, 0.2²) when the network makes no error. The tolerance
  // is five standard errors of 20,000 pixels and 2 % for the discretisation.
  const auto latents = draw_diffusion_latents(8, {1, 50, 50}, seeded(1));
  for (const bool ddim : {true, false}) {
    for (const double eta : {0.0, 1.0}) {
      auto run = even_run(ddim ? "ddim" : "ancestral", cosine_schedule(1000), 200);
      run.options.settings = {.eta = eta, .large_variance = false};
      const auto estimate = [&](const torch::Tensor& x_t, std::int64_t t) {
        return estimate_of_gaussian(x_t, marginal(run.schedule[static_cast<std::size_t>(t)]));
      };
      const auto x = run.from(latents.noise, latents.seeds, estimate);
      EXPECT_NEAR(x.mean().item<double>(), 0.2, 0.007) << ddim << eta;
      EXPECT_NEAR(x.std().item<double>(), 0.2, 0.009) << ddim << eta;
      if (!ddim) break;
    }
  }
}

TEST(DiffusionSampler, EachSampleHasItsOwnNoise) {
  const auto latents = draw_diffusion_latents(20, {1, 2, 2}, seeded(1));
  const auto run = even_run("ancestral", linear_schedule(100), 10);
  const auto estimate = [&](const torch::Tensor& x_t, std::int64_t) { return 0.1 * x_t; };
  const std::span<const std::uint64_t> seeds(latents.seeds);
  const auto all = run.from(latents.noise, seeds, estimate);
  const auto part = run.from(latents.noise.slice(0, 2, 15), seeds.subspan(2, 13), estimate);
  EXPECT_TRUE(torch::equal(all.slice(0, 2, 15), part));
  EXPECT_EQ(std::set<std::uint64_t>(seeds.begin(), seeds.end()).size(), 20u);
}

TEST(DiffusionSampler, NoiseOfASampleFollowsAll64BitsOfItsSeed) {
  const auto draws = [](std::uint64_t seed) {
    auto generator = generator_of_sample(seed);
    return torch::randn({64}, generator);
  };
  const std::uint64_t seed = 0x123456789ABCDEF0;
  EXPECT_TRUE(torch::equal(draws(seed), draws(seed)));
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(torch::equal(draws(seed), draws(seed ^ (std::uint64_t{1} << bit)))) << bit;
  }
  const auto latents = draw_diffusion_latents(1, {1, 2, 2}, seeded(1));
  const auto run = even_run("ancestral", linear_schedule(100), 10);
  const auto estimate = [](const torch::Tensor& x_t, std::int64_t) { return 0.1 * x_t; };
  const std::vector<std::uint64_t> low = {7}, high = {7 + (std::uint64_t{1} << 32)};
  EXPECT_FALSE(torch::equal(run.from(latents.noise, low, estimate),
                            run.from(latents.noise, high, estimate)));
}

TEST(GeneratorOfSample, IsTheMersenneTwisterSeededByAnArrayOfTwoWords) {
  // CPython seeds its twister so: random.Random(0x123456789ABCDEF0).getrandbits(32), 1,300 times.
  auto generator = generator_of_sample(0x123456789ABCDEF0);
  auto* twister = generator.get<at::CPUGeneratorImpl>();
  std::vector<std::uint32_t> words;
  for (int i = 0; i < 1300; ++i) words.push_back(twister->random());
  EXPECT_EQ(words[0], 3646699384U);
  EXPECT_EQ(words[1], 2523371432U);
  EXPECT_EQ(words[2], 4144361526U);
  EXPECT_EQ(words[3], 3901169663U);
  EXPECT_EQ(words[1299], 3260725508U);
}

TEST(DiffusionSampler, LatentsInBatchesAreThoseDrawnAtOnce) {
  const auto all = draw_diffusion_latents(5, {1, 3, 3}, seeded(4));
  const auto generator = seeded(4);
  const auto first = draw_diffusion_latents(2, {1, 3, 3}, generator),
             rest = draw_diffusion_latents(3, {1, 3, 3}, generator);
  EXPECT_TRUE(torch::equal(torch::cat({first.noise, rest.noise}), all.noise));
  auto seeds = first.seeds;
  seeds.insert(seeds.end(), rest.seeds.begin(), rest.seeds.end());
  EXPECT_EQ(seeds, all.seeds);
}

}  // namespace
}  // namespace assay
