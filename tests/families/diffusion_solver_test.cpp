// SPDX-License-Identifier: Apache-2.0
// Samplers in continuous time: the law they reach and the order they err by where the exact
// estimate is known, and steps of other implementations (tests/oracle/make_diffusion_oracle.py).
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "tests/families/sampler_run.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using torch::Tensor;

std::unique_ptr<Process> process(const std::string& name) {
  return continuous_processes().at(name).make({});
}

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

// .3 N(−.6, .1²) + .7 N(.4, .15²), with E[x_0|x_t] and the law of x_0.
struct Component {
  double weight, mean, sd;
};
constexpr Component kMixture[] = {{0.3, -0.6, 0.1}, {0.7, 0.4, 0.15}};

Denoiser of_mixture(const Process& process) {
  return [&process](const Tensor& x, const Tensor& t, const Condition&) {
    const auto level = process.at(t);
    const auto signal = along(level.signal, x), noise = along(level.noise, x);
    auto above = torch::zeros_like(x), below = torch::zeros_like(x);
    for (const auto& [weight, mean, sd] : kMixture) {
      const auto variance = signal.square() * sd * sd + noise.square();
      const auto off = x - signal * mean;
      const auto likely = weight * variance.rsqrt() * (-0.5 * off * off / variance).exp();
      above = above + likely * (mean + signal * sd * sd / variance * off);
      below = below + likely;
    }
    // So far out that neither is likely at all, the nearer one of the wider.
    return Estimate{.x0 = above / below.clamp_min(1e-300)};
  };
}

double cdf_of_mixture(double x) {
  double below = 0.0;
  for (const auto& [weight, mean, sd] : kMixture) {
    below += weight * 0.5 * std::erfc(-(x - mean) / sd / std::numbers::sqrt2);
  }
  return below;
}

void expect_mixture(const Tensor& x, const std::string& what) {
  for (const double at : {-0.7, -0.6, -0.5, 0.0, 0.25, 0.4, 0.6}) {
    EXPECT_NEAR((x < at).to(torch::kDouble).mean().item<double>(), cdf_of_mixture(at), 0.019)
        << what << " at " << at;
  }
}

class SamplerLaw : public testing::TestWithParam<std::string> {};

TEST_P(SamplerLaw, IsTheMixturesOnEveryProcessItIsDefinedFor) {
  // 20,000 values: four standard errors of a share are .014 at most.
  const auto latents = draw_diffusion_latents(5, {1, 40, 100}, seeded(1));
  const auto noise = latents.noise.to(torch::kDouble);
  const std::string& sampler = GetParam();
  const bool by_snr = sampler.starts_with("dpmpp_2s") || sampler.starts_with("dpmpp_3m") ||
                      sampler == "unipc" || sampler == "edm_heun";
  for (const std::string name : {"vp", "sub_vp", "ve", "edm", "ot"}) {
    const bool straight = name == "ot", exploding = name == "ve" || name == "edm";
    if (straight && by_snr) continue;               // not defined where no signal is left
    if (sampler == "euler" && exploding) continue;  // its order is tested; 150 steps are few
    const std::string spacing = by_snr      ? "log_snr"
                                : straight  ? "trailing"
                                : exploding ? "karras"
                                            : "uniform";
    const std::int64_t steps = by_snr ? 100 : sampler == "ancestral" ? 400 : 150;
    const auto of = process(name);
    const auto x = run_sampler(noise, latents.seeds, options_of(sampler, *of, spacing, steps),
                               of_mixture(*of));
    expect_mixture(x, sampler + " " + name);
  }
}

INSTANTIATE_TEST_SUITE_P(Samplers, SamplerLaw,
                         testing::Values("ancestral", "ddim", "dpmpp_2m", "heun", "euler",
                                         "midpoint", "dpmpp_2s", "dpmpp_3m", "unipc", "edm_heun"));

TEST(Samplers, AdaptiveOneReachesAMixturesLaw) {
  const auto latents = draw_diffusion_latents(200, {1, 10, 10}, seeded(1));
  for (const std::string name : {"vp", "sub_vp", "ve", "edm", "ot"}) {
    const auto of = process(name);
    auto options = options_of("dopri5", *of, "uniform", 1);
    options.settings.tolerance = 1e-4;
    const auto x = run_sampler(latents.noise.to(torch::kDouble), {}, options, of_mixture(*of));
    // 20,000 values.
    for (const double at : {-0.6, 0.0, 0.4}) {
      EXPECT_NEAR((x < at).to(torch::kDouble).mean().item<double>(), cdf_of_mixture(at), 0.018)
          << name << at;
    }
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
      for (const double at : {-0.6, 0.0, 0.4}) {
        EXPECT_NEAR((x < at).to(torch::kDouble).mean().item<double>(), cdf_of_mixture(at), 0.025)
            << name << predictor << corrector << at;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SamplersOfSde, PredictorLaw,
                         testing::Values("reverse_diffusion", "euler_maruyama", "ancestral"));

// Of data N(.2, .2²): E[x_0|x_t], and the probability-flow ODE's solution.
constexpr double kMean = 0.2, kVariance = 0.04;
Tensor estimate_of_gaussian(const Tensor& x, const Tensor& signal, const Tensor& noise) {
  const auto gain = signal * kVariance / (signal.square() * kVariance + noise.square());
  return kMean + gain * (x - signal * kMean);
}
Denoiser of_gaussian(const Process& process) {
  return [&process](const Tensor& x, const Tensor& t, const Condition&) {
    const auto level = process.at(t);
    return Estimate{.x0 = estimate_of_gaussian(x, along(level.signal, x), along(level.noise, x))};
  };
}
// What the ODE makes of x_T, and then the estimate at the last time.
Tensor solution(const Process& process, const Tensor& x_T, double last) {
  const auto sd = [](const Marginal& at) {
    return std::hypot(at.signal * std::sqrt(kVariance), at.noise);
  };
  const auto from = process.at(process.first_time()), to = process.at(last);
  const auto x = to.signal * kMean + sd(to) / sd(from) * (x_T - from.signal * kMean);
  const auto number = [](double value) { return torch::tensor(value, torch::kDouble); };
  return estimate_of_gaussian(x, number(to.signal), number(to.noise));
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
  const auto x =
      run_sampler(latents.noise.to(torch::kDouble), latents.seeds, options, of_gaussian(*of));
  EXPECT_NEAR(x.mean().item<double>(), kMean, 0.02);
  EXPECT_NEAR(x.std().item<double>(), std::sqrt(kVariance), 0.02);
}

TEST(DpmSolver, ErrsByTheThirdPowerInAStepOf3MAsItsAuthorsCodeDoes) {
  // From exact estimates at λ = −2h, −h and 0 to h, along one solution of the ODE.
  const auto of = process("vp");
  const auto noise = torch::linspace(-3.0, 3.0, 13, torch::kDouble).view({13, 1});
  const auto error_of = [&](double h) {
    const auto along_solution = [&](double lambda) {
      const auto to = of->at(of->time_of(lambda)), from = of->at(1.0);
      const auto sd = [](const Marginal& at) {
        return std::hypot(at.signal * std::sqrt(kVariance), at.noise);
      };
      const auto x = to.signal * kMean + sd(to) / sd(from) * (noise - from.signal * kMean);
      const auto number = [](double value) { return torch::tensor(value, torch::kDouble); };
      return EarlierStep{x, estimate_of_gaussian(x, number(to.signal), number(to.noise)), to};
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
      {"ddim", "vp", "log_snr", 1},          {"dpmpp_2m", "vp", "log_snr", 2},
      {"dpmpp_2s", "vp", "log_snr", 2},      {"dpmpp_3m", "vp", "log_snr", 2},
      {"unipc", "vp", "log_snr", 3},         {"heun", "vp", "log_snr", 2},
      {"edm_heun", "edm", "karras", 2},      {"euler", "ve", "karras", 1},
      {"midpoint", "ve", "karras", 2},       {"euler", "sub_vp", "quadratic", 1},
      {"midpoint", "sub_vp", "quadratic", 2}};
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
  for (const std::string one : {"ancestral", "ddim", "dpmpp_2m", "dpmpp_3m", "unipc", "euler"}) {
    EXPECT_EQ(count(one, 7), 7) << one;
    EXPECT_EQ(count(one, 1), 1) << one;
  }
  for (const std::string two : {"heun", "edm_heun", "dpmpp_2s", "midpoint"}) {
    EXPECT_EQ(count(two, 7), 13) << two;  // Karras et al. 2022: 2S − 1
  }
  EXPECT_EQ(count("predictor_corrector", 7), 19);  // and two corrections after all but the last
}

nlohmann::json oracle() {
  std::ifstream in(ASSAY_SOURCE_DIR "/tests/oracle/diffusion_oracle.json");
  return nlohmann::json::parse(in);
}
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
  const auto right = oracle().at("k_diffusion");
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
  const auto right = values(oracle().at("k_diffusion").at("edm_heun_churn"));
  EXPECT_TRUE(torch::allclose(state.x, right, 1e-6, 1e-6)) << state.x << right;
}

TEST(UniPc, IsThatOfDiffusers) {
  for (const std::int64_t order : {2, 3}) {
    const auto right = oracle().at("unipc_" + std::to_string(order));
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
  EXPECT_TRUE(torch::allclose(next, values(oracle().at("learned_variance")), 1e-6, 1e-6));
}

}  // namespace
}  // namespace assay
