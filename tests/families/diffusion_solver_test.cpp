// SPDX-License-Identifier: Apache-2.0
// Samplers in continuous time: the law they reach and the order they err by where the exact
// estimate is known, and steps of other implementations (tests/oracle/make_diffusion_oracle.py).
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "tests/families/known_laws.h"
#include "tests/families/sampler_run.h"
#include "tests/families/twin.h"

namespace assay {
namespace {

using torch::Tensor;

SamplerOptions options_of(const std::string& sampler, const Process& process,
                          const std::string& spacing, std::int64_t steps) {
  SamplerOptions options;
  options.process = &process;
  options.sampler = &samplers().at(sampler);
  options.times = time_spacings().at(spacing)(process, steps, 7.0);
  options.settings.large_variance = false;
  options.settings.predictor = predictors().at("reverse_diffusion");
  options.settings.corrector = correctors().at("langevin");
  return options;
}

// Of t, along x.
Tensor along(const Tensor& t, const Tensor& x) {
  if (t.dim() == 0) return t;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = t.size(0);
  return t.view(shape);
}

// The level at times t, along x.
Level level_at(const Process& process, const Tensor& t, const Tensor& x) {
  const auto level = process.at(t);
  return {.signal = along(level.signal, x), .noise = along(level.noise, x)};
}

Denoiser of_mixture(const Process& process) {
  return [&process](const Tensor& x, const Tensor& t, const Condition&) {
    return Estimate{.x0 = estimate_of_mixture(x, level_at(process, t, x))};
  };
}

// The names of all but those that have a test of their own.
template <class T>
std::vector<std::string> all_but(const std::set<std::string>& tested_elsewhere,
                                 const Choices<T>& choices) {
  auto names = choices.names();
  std::erase_if(names, [&](const auto& name) { return tested_elsewhere.contains(name); });
  return names;
}

class SamplerLaw : public testing::TestWithParam<std::string> {};

TEST_P(SamplerLaw, IsTheMixturesOnEveryProcessItIsDefinedFor) {
  // 20,000 values: four standard errors of a share are .014 at most.
  const auto latents = draw_diffusion_latents(5, {1, 40, 100}, seeded(1));
  const auto noise = latents.noise.to(torch::kDouble);
  const std::string& sampler = GetParam();
  // It cannot begin where no signal is left.
  const bool by_snr = samplers().at(sampler).divides_by_signal;
  for (const std::string name : {"vp", "sub_vp", "ve", "edm", "ot"}) {
    const bool straight = name == "ot", exploding = name == "ve" || name == "edm";
    if (straight && by_snr) continue;
    const std::string spacing = by_snr      ? "log_snr"
                                : straight  ? "trailing"
                                : exploding ? "karras"
                                            : "uniform";
    const bool slow = sampler == "ancestral" || (sampler == "euler" && exploding);
    const std::int64_t steps = by_snr ? 100 : slow ? 400 : 150;
    const auto of = process(name);
    const auto x = run_sampler(noise, latents.seeds, options_of(sampler, *of, spacing, steps),
                               of_mixture(*of));
    expect_mixture(x, sampler + " " + name, 0.019);
  }
}

INSTANTIATE_TEST_SUITE_P(Samplers, SamplerLaw,
                         testing::ValuesIn(all_but({"dopri5", "predictor_corrector"}, samplers())));

TEST(Samplers, AdaptiveOneReachesAMixturesLaw) {
  const auto latents = draw_diffusion_latents(200, {1, 10, 10}, seeded(1));
  for (const std::string name : {"vp", "sub_vp", "ve", "edm", "ot"}) {
    const auto of = process(name);
    auto options = options_of("dopri5", *of, "uniform", 1);
    options.settings.tolerance = 1e-4;
    const auto x = run_sampler(latents.noise.to(torch::kDouble), {}, options, of_mixture(*of));
    expect_mixture(x, name, 0.018);  // 20,000 values
  }
}

class PredictorLaw : public testing::TestWithParam<std::string> {};

TEST_P(PredictorLaw, IsTheMixturesWithACorrectorAndWithout) {
  const auto latents = draw_diffusion_latents(20, {1, 20, 50}, seeded(1));
  const std::string& predictor = GetParam();
  for (const std::string name : {"vp", "sub_vp", "ve"}) {
    const auto of = process(name);
    for (const auto& corrector : correctors().names()) {
      auto options = options_of("predictor_corrector", *of, "uniform", 500);
      options.settings.predictor = predictors().at(predictor);
      options.settings.corrector = correctors().at(corrector);
      const auto x =
          run_sampler(latents.noise.to(torch::kDouble), latents.seeds, options, of_mixture(*of));
      expect_mixture(x, name + " " + predictor + " " + corrector, 0.025);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SamplersOfSde, PredictorLaw,
                         testing::ValuesIn(all_but({"none"}, predictors())));

Denoiser of_gaussian(const Process& process) {
  return [&process](const Tensor& x, const Tensor& t, const Condition&) {
    return Estimate{.x0 = estimate_of_gaussian(x, level_at(process, t, x))};
  };
}
// What the ODE makes of x_T, and then the estimate at the last time.
Tensor solution(const Process& process, const Tensor& x_T, double last) {
  const auto to = process.at(last);
  return estimate_of_gaussian(flow_of_gaussian(x_T, process.at(process.first_time()), to), to);
}

TEST(Samplers, LangevinDynamicsAloneAnnealToTheLaw) {
  // A corrector without a predictor, many steps at each level; 20,000 values.
  const auto latents = draw_diffusion_latents(20, {1, 20, 50}, seeded(1));
  const auto of = process("ve");
  auto options = options_of("predictor_corrector", *of, "log_snr", 60);
  options.settings.predictor = nullptr;
  options.settings.corrector_steps = 20;
  // At half of it the steps, which shrink with the distance to the law, fall behind the levels.
  options.settings.corrector_snr = 0.2;
  for (const auto* name : {"langevin", "annealed_langevin"}) {
    options.settings.corrector = correctors().at(name);
    const auto x =
        run_sampler(latents.noise.to(torch::kDouble), latents.seeds, options, of_gaussian(*of));
    EXPECT_NEAR(x.mean().item<double>(), kMean, 0.02) << name;
    EXPECT_NEAR(x.std().item<double>(), std::sqrt(kVariance), 0.02) << name;
  }
}

TEST(Samplers, ASamplesLangevinStepHasTheSizeOfItsOwnNorms) {
  // Song et al. 2021, algorithm 4: ε = 2 (r ‖z‖/‖s‖)² of each sample; at scores a hundred times
  // apart the others' norms would be seen.
  const auto of = process("ve");
  const auto level = of->at(0.5);
  const auto x = torch::randn({2, 1, 3, 3}, seeded(4)).to(torch::kDouble);
  const auto scores = torch::randn({2, 1, 3, 3}, seeded(5)).to(torch::kDouble) *
                      torch::tensor({1.0, 100.0}).view({2, 1, 1, 1});
  const auto z = torch::randn({2, 1, 3, 3}, seeded(6)).to(torch::kDouble);
  const double noise = level.noise;
  // Of VE the score is (x̂_0 − x)/σ².
  SamplerState state{.x = x, .step = {.from = of->at(0.6), .to = level}};
  state.denoise = [&](const Tensor& at, double) {
    return Estimate{.x0 = at + noise * noise * scores};
  };
  state.noise = [&] { return z; };
  const auto moved = correctors().at("langevin").move(state, x, 0.16);
  for (const std::int64_t i : {0, 1}) {
    const double ratio = (z[i].norm() / scores[i].norm()).item<double>();
    const double size = 2.0 * 0.16 * 0.16 * ratio * ratio;
    const auto expected = x[i] + size * scores[i] + std::sqrt(2.0 * size) * z[i];
    EXPECT_TRUE(torch::allclose(moved[i], expected, 1e-6, 1e-8)) << i;
  }
}

// ε = 2 (r σ)², and no step where an untrained network's score is 0.
TEST(Samplers, LangevinStepsHaveTheSizeOfTheLevelIfAnnealedAndNoneWithoutAScore) {
  const auto of = process("ve");
  const auto level = of->at(0.5);
  const double noise = level.noise;
  const auto x = torch::randn({2, 1, 3, 3}, seeded(4)).to(torch::kDouble);
  auto score = torch::randn({2, 1, 3, 3}, seeded(5)).to(torch::kDouble);
  const auto z = torch::randn({2, 1, 3, 3}, seeded(6)).to(torch::kDouble);
  SamplerState state{.x = x, .step = {.from = of->at(0.6), .to = level}};
  state.denoise = [&](const Tensor& at, double) {
    return Estimate{.x0 = at + noise * noise * score};
  };
  state.noise = [&] { return z; };
  const double size = 2.0 * 0.16 * 0.16 * noise * noise;
  const auto moved = correctors().at("annealed_langevin").move(state, x, 0.16);
  EXPECT_TRUE(torch::allclose(moved, x + size * score + std::sqrt(2.0 * size) * z, 1e-6, 1e-8));
  score = torch::zeros_like(score);
  EXPECT_TRUE(torch::equal(correctors().at("langevin").move(state, x, 0.16), x));
}

TEST(DpmSolver, ErrsByTheThirdPowerInAStepOf3MAsItsAuthorsCodeDoes) {
  // From exact estimates at λ = −2h, −h and 0 to h, along one solution of the ODE.
  const auto of = process("vp");
  const auto noise = torch::linspace(-3.0, 3.0, 13, torch::kDouble).view({13, 1});
  const auto error_of = [&](double h) {
    const auto along_solution = [&](double lambda) {
      const auto to = of->at(of->time_of(lambda));
      const auto x = flow_of_gaussian(noise, of->at(1.0), to);
      return EarlierStep{x, estimate_of_gaussian(x, to), to};
    };
    const auto now = along_solution(0.0), end = along_solution(h);
    SamplerState state{
        .x = now.x, .step = {.from = now.level, .to = end.level}, .index = 2, .steps = 9};
    state.earlier = {along_solution(-h), along_solution(-2.0 * h)};
    state.denoise = [&](const Tensor&, double) { return Estimate{.x0 = now.x0}; };
    return (samplers().at("dpmpp_3m").step(state, {}) - end.x).norm().item<double>();
  };
  // With the factor 2 of the series it would be the fourth.
  EXPECT_NEAR(std::log2(error_of(0.04) / error_of(0.02)), 3.0, 0.15);
}

TEST(Samplers, ErrByThePowerOfTheStepThatTheirOrderIs) {
  const auto noise = torch::linspace(-3.0, 3.0, 13, torch::kDouble).view({13, 1});
  struct Order {
    std::string sampler, process, spacing;
    double order;
  };
  const std::vector<Order> all = {
      {"ddim", "vp", "log_snr", 1},           {"dpmpp_2m", "vp", "log_snr", 2},
      {"dpmpp_2s", "vp", "log_snr", 2},       {"dpmpp_3m", "vp", "log_snr", 2},
      {"unipc", "vp", "log_snr", 3},          {"heun", "vp", "log_snr", 2},
      {"edm_heun", "edm", "karras", 2},       {"euler", "ve", "karras", 1},
      {"midpoint", "ve", "karras", 2},        {"euler", "sub_vp", "quadratic", 1},
      {"midpoint", "sub_vp", "quadratic", 2}, {"heun2", "ve", "karras", 2},
      {"heun2", "sub_vp", "quadratic", 2}};
  for (const auto& [sampler, name, spacing, order] : all) {
    const auto of = process(name);
    const auto error_of = [&, sampler = sampler, spacing = spacing](std::int64_t steps) {
      const auto x =
          run_sampler(noise, {}, options_of(sampler, *of, spacing, steps + 1), of_gaussian(*of));
      return (x - solution(*of, of->prior_sd() * noise, of->last_time())).norm().item<double>();
    };
    const double slope = std::log2(error_of(320) / error_of(640));
    EXPECT_NEAR(slope, order, 0.12) << sampler << " " << name << " " << error_of(640);
  }
}

TEST(Samplers, AdaptiveOneErrsByItsToleranceWhateverTheBatch) {
  const auto noise = torch::linspace(-3.0, 3.0, 13, torch::kDouble).view({13, 1});
  for (const std::string name : {"vp", "edm", "ot"}) {
    const auto of = process(name);
    std::int64_t evaluations = 0, before = 0;
    for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
      auto options = options_of("dopri5", *of, "uniform", 1);
      options.settings.tolerance = tolerance;
      before = std::exchange(evaluations, 0);
      const auto denoiser = counted(of_gaussian(*of), evaluations);
      const auto x = run_sampler(noise, {}, options, denoiser);
      const auto right = solution(*of, of->prior_sd() * noise, of->last_time());
      EXPECT_LT((x - right).abs().max().item<double>(), 40.0 * tolerance) << name;
      EXPECT_GT(evaluations, before) << name;
      const auto alone = run_sampler(noise.slice(0, 3, 5), {}, options, of_gaussian(*of));
      EXPECT_TRUE(torch::allclose(alone, x.slice(0, 3, 5), 1e-12, 1e-12)) << name;
    }
  }
}

TEST(Samplers, OnStraightPathsEulerIsDdim) {
  // (1 − s) x̂_0 + s ε̂ = x_t + (t − s)(x̂_0 − ε̂): flow matching's Euler and DDIM are one.
  const auto of = process("ot");
  const auto noise = torch::randn({3, 2}, seeded(1), torch::kDouble);
  const auto run = [&](const std::string& sampler) {
    return run_sampler(noise, {}, options_of(sampler, *of, "trailing", 5), of_mixture(*of));
  };
  EXPECT_TRUE(torch::allclose(run("euler"), run("ddim"), 1e-12, 1e-12));
}

TEST(Samplers, EvaluateTheNetworkAsOftenAsTheirPapersSay) {
  const auto of = process("vp");
  const auto count = [&](const std::string& sampler, std::int64_t steps) {
    std::int64_t examples = 0;
    auto options = options_of(sampler, *of, "uniform", steps);
    options.settings.corrector_steps = 2;
    const std::vector<std::uint64_t> seeds = {1, 2, 3};
    run_sampler(torch::randn({3, 2}, seeded(1)), seeds, options,
                counted(of_mixture(*of), examples));
    return examples / 3;
  };
  const std::set<std::string> twice = {"heun", "edm_heun", "dpmpp_2s", "midpoint", "heun2"};
  for (const auto& name : all_but({"dopri5", "predictor_corrector"}, samplers())) {
    EXPECT_EQ(count(name, 7), twice.contains(name) ? 13 : 7) << name;  // Karras et al.: 2S − 1
    EXPECT_EQ(count(name, 1), 1) << name;
  }
  EXPECT_EQ(count("predictor_corrector", 7), 19);  // and two corrections after all but the last
}

nlohmann::json published_steps() { return oracle("diffusion_oracle.json"); }
Tensor values(const nlohmann::json& list) {
  return torch::tensor(list.get<std::vector<double>>(), torch::kDouble).view({1, 1, 2, 3});
}
const auto kLine = [](double first, double last) {
  return torch::linspace(first, last, 6, torch::kDouble).view({1, 1, 2, 3});
};
// The script's denoiser, of x/α with σ/α.
Tensor analytic(const Tensor& x, double signal, double noise) {
  const double sigma = noise / signal;
  const auto x_bar = x / signal;
  return 0.6 * torch::sin(2.0 * x_bar / (1.0 + sigma)) + 0.2 * x_bar / (1.0 + sigma * sigma);
}

TEST(Samplers, AreThoseOfKDiffusion) {
  const auto right = published_steps().at("k_diffusion");
  const auto edm = process("edm");
  const Denoiser denoiser = [&](const Tensor& x, const Tensor& t, const Condition&) {
    return Estimate{.x0 = analytic(x, 1.0, edm->at(t).noise.item<double>())};
  };
  for (const auto& [ours, theirs] : {std::pair{"ddim", "euler"},
                                     {"edm_heun", "edm_heun"},
                                     {"dpmpp_2m", "dpmpp_2m"},
                                     {"dpmpp_2s", "dpmpp_2s"},
                                     {"dpmpp_3m", "dpmpp_3m"}}) {
    const auto x = run_sampler(kLine(-2.0, 2.0), {}, options_of(ours, *edm, "karras", 8), denoiser);
    EXPECT_TRUE(torch::allclose(x, values(right.at(theirs)), 1e-7, 1e-7)) << ours << x;
  }
}

TEST(EdmHeun, AddsTheNoiseOfKDiffusion) {
  const auto edm = process("edm");
  auto options = options_of("edm_heun", *edm, "karras", 8);
  options.settings.s_churn = 3.0;
  options.settings.s_tmin = 0.05;
  options.settings.s_tmax = 50.0;
  options.settings.s_noise = 1.1;
  SamplerState state{.x = 80.0 * kLine(-2.0, 2.0), .step = {}, .steps = 8, .process = edm.get()};
  state.denoise = [&](const Tensor& x, double t) {
    return Estimate{.x0 = analytic(x, 1.0, edm->at(t).noise)};
  };
  state.noise = [] { return kLine(0.9, -1.3); };
  for (std::size_t i = 0; i < 8; ++i) {
    state.last = i == 7;
    state.t = options.times[i];
    state.s = state.last ? 0.0 : options.times[i + 1];
    state.step = {.from = edm->at(state.t), .to = state.last ? kClean : edm->at(state.s)};
    state.asked.reset();
    state.x = options.sampler->step(state, options.settings);
  }
  const auto right = values(published_steps().at("k_diffusion").at("edm_heun_churn"));
  EXPECT_TRUE(torch::allclose(state.x, right, 1e-6, 1e-6)) << state.x << right;
}

TEST(UniPc, IsThatOfDiffusers) {
  for (const std::int64_t order : {2, 3}) {
    const auto right = published_steps().at("unipc_" + std::to_string(order));
    GridRun run("unipc", linear_schedule(1000), right.at("timesteps"));
    run.options.settings.order = order;
    const auto x = run.from(kLine(-2.0, 2.0), {}, [&](const Tensor& x_t, std::int64_t t) {
      const auto at = marginal(run.schedule[static_cast<std::size_t>(t)]);
      return analytic(x_t, at.signal, at.noise);
    });
    EXPECT_TRUE(torch::allclose(x, values(right.at("x")), 1e-4, 1e-4)) << order << x;
  }
}

TEST(DiffusionSteps, ALearnedVarianceIsThatOfDiffusers) {
  const auto schedule = linear_schedule(1000);
  const auto x = kLine(-2.0, 2.0);
  const auto next = ancestral_step(x, 0.5 * x, kLine(0.9, -1.3),
                                   {.from = marginal(schedule[600]), .to = marginal(schedule[599])},
                                   torch::full_like(x, 0.3));
  EXPECT_TRUE(torch::allclose(next, values(published_steps().at("learned_variance")), 1e-6, 1e-6));
}

}  // namespace
}  // namespace assay
