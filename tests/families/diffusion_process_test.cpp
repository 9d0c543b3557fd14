// SPDX-License-Identifier: Apache-2.0
// Processes of continuous time, and what a network's output means on them, against the papers'
// equations and closed forms.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "families/diffusion/loss_weighting.h"
#include "families/diffusion/process.h"
#include "families/diffusion/step_spacing.h"
#include "families/diffusion/steps.h"
#include "families/diffusion/time_distribution.h"
#include "tests/families/known_laws.h"
#include "tests/families/twin.h"

namespace assay {
namespace {

struct Named {
  std::string name;
  VpSchedule schedule = VpSchedule::kLinear;
};
const std::vector<Named> kAll = {{"vp"},
                                 {"vp", VpSchedule::kCosine},
                                 {"vp", VpSchedule::kSigmoid},
                                 {"sub_vp"},
                                 {"sub_vp", VpSchedule::kCosine},
                                 {"ve"},
                                 {"edm"},
                                 {"ot"}};

TEST(Process, HasTheLevelsOfThePapers) {
  // Song et al. 2021, eq. 33 at t = .1, β from .1 to 20: ∫β = .1095; VP's sd .3221, sub-VP's .1037.
  EXPECT_NEAR(process("vp")->at(0.1).noise, 0.3221, 5e-5);
  EXPECT_NEAR(process("sub_vp")->at(0.1).noise, 0.1037, 5e-5);
  EXPECT_NEAR(process("sub_vp")->at(0.1).signal, std::exp(-0.05475), 1e-12);
  EXPECT_NEAR(process("ve")->at(0.0).noise, 0.01, 1e-15);
  EXPECT_NEAR(process("ve")->at(0.5).noise, std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(process("ve")->at(1.0).noise, 50.0, 1e-10);
  EXPECT_NEAR(process("edm")->at(0.0).noise, 0.002, 1e-15);
  EXPECT_NEAR(process("edm")->at(1.0).noise, 80.0, 1e-10);
  EXPECT_EQ(process("edm")->prior_sd(), 80.0);
  EXPECT_EQ(process("vp")->prior_sd(), 1.0);
  EXPECT_EQ(process("ot")->at(0.25).signal, 0.75);
  EXPECT_EQ(process("ot")->at(0.25).noise, 0.25);
  // The network of EDM is told ¼ ln σ.
  const auto t = torch::tensor({0.3}, torch::kDouble);
  const auto told = [&](const std::string& name) {
    const auto of = process(name);
    return of->network_time(t, of->at(t)).item<double>();
  };
  EXPECT_NEAR(told("edm"), 0.25 * std::log(process("edm")->at(0.3).noise), 1e-12);
  EXPECT_EQ(told("ve"), 0.3);
  // Nichol & Dhariwal 2021, eq. 17, and Jabri et al. 2022: ᾱ is ½ in the middle.
  const auto f = [](double u) {
    return std::pow(std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2.0), 2.0);
  };
  EXPECT_NEAR(std::pow(process("vp", VpSchedule::kCosine)->at(0.3).signal, 2.0), f(0.3) / f(0.0),
              1e-12);
  EXPECT_NEAR(std::pow(process("vp", VpSchedule::kSigmoid)->at(0.5).signal, 2.0), 0.5, 1e-12);
}

TEST(Process, HasTheMomentsOfThePapersEquations) {
  // dx = f x dt + g dw: m' = f m, (σ²)' = 2 f σ² + g², by 20,000 steps of Heun's method.
  const auto beta = [](double t) { return 0.1 + 19.9 * t; };
  const auto integral = [](double t) { return 0.1 * t + 9.95 * t * t; };
  struct Sde {
    std::string name;
    std::function<double(double)> f, g_squared;
    double variance_at_0;
  };
  const double rate = std::log(50.0 / 0.01);
  const std::vector<Sde> all = {
      {"vp", [&](double t) { return -0.5 * beta(t); }, beta, 0.0},
      {"sub_vp", [&](double t) { return -0.5 * beta(t); },
       [&](double t) { return beta(t) * (1.0 - std::exp(-2.0 * integral(t))); }, 0.0},
      {"ve", [](double) { return 0.0; },
       [&](double t) { return 2e-4 * rate * std::exp(2.0 * rate * t); }, 1e-4}};
  for (const auto& sde : all) {
    double mean = 1.0, variance = sde.variance_at_0;
    constexpr int kSteps = 20000;
    for (int i = 0; i < kSteps; ++i) {
      const double h = 0.6 / kSteps, t = h * i;
      const auto slope = [&](double at, double of) {
        return 2 * sde.f(at) * of + sde.g_squared(at);
      };
      const double first = slope(t, variance);
      variance += 0.5 * h * (first + slope(t + h, variance + h * first));
      const double m = sde.f(t) * mean;
      mean += 0.5 * h * (m + sde.f(t + h) * (mean + h * m));
    }
    const auto level = process(sde.name)->at(0.6);
    EXPECT_NEAR(level.signal, mean, 1e-6) << sde.name;
    EXPECT_NEAR(level.noise * level.noise / variance, 1.0, 1e-6) << sde.name;
  }
}

TEST(Process, SlopesAreItsDerivatives) {
  constexpr double kStep = 1e-6;
  for (const auto& [name, schedule] : kAll) {
    const auto of = process(name, schedule);
    for (const double t : {0.05, 0.3, 0.8}) {
      const auto before = of->at(t - kStep), after = of->at(t + kStep), at = of->at(t);
      EXPECT_NEAR(at.signal_slope, (after.signal - before.signal) / 2e-6, 1e-6) << name << t;
      EXPECT_NEAR(at.noise_slope / ((after.noise - before.noise) / 2e-6), 1.0, 1e-6) << name << t;
      const auto tensor = of->at(torch::tensor({t}, torch::kDouble));
      EXPECT_NEAR(tensor.signal.item<double>(), at.signal, 1e-14);
      EXPECT_NEAR(tensor.noise.item<double>(), at.noise, 1e-12);
      EXPECT_NEAR(tensor.signal_slope.item<double>(), at.signal_slope, 1e-12);
      EXPECT_NEAR(tensor.noise_slope.item<double>() / at.noise_slope, 1.0, 1e-12);
      const auto snr = [](const Marginal& level) {
        return std::pow(level.signal / level.noise, 2.0);
      };
      const auto time = torch::tensor({t}, torch::kDouble);
      const double fall = of->snr_fall(time, of->at(time)).item<double>();
      EXPECT_NEAR(fall / ((snr(before) - snr(after)) / 2e-6), 1.0, 1e-5) << name << t;
    }
  }
}

TEST(Process, FindsTheTimeOfALevel) {
  for (const auto& [name, schedule] : kAll) {
    const auto of = process(name, schedule);
    for (const double t : {0.05, 0.3, 0.8}) {
      const double lambda = half_log_snr(of->at(t));
      EXPECT_NEAR(of->time_of(lambda), t, 1e-12) << name;
      if (!continuous_processes().at(name).inverts_log_noise) continue;
      const auto inverse = of->time_of_log_noise(torch::tensor({-lambda}, torch::kDouble));
      EXPECT_NEAR(inverse.item<double>(), t, 1e-12) << name;
    }
  }
}

TEST(TimeSpacing, IsThatOfThePapers) {
  const auto edm = process("edm"), vp = process("vp"), ot = process("ot");
  // Karras et al. 2022: 18 steps of ρ = 7 (also k-diffusion's get_sigmas_karras).
  const auto karras = time_spacings().at("karras")(*edm, 18, 7.0);
  const auto sigmas =
      oracle("diffusion_oracle.json").at("k_diffusion").at("karras_18").get<std::vector<double>>();
  ASSERT_EQ(sigmas.size(), 19U);  // a last one of 0
  for (std::size_t i = 0; i < karras.size(); ++i) {
    EXPECT_NEAR(edm->at(karras[i]).noise / sigmas[i], 1.0, 1e-6) << i;  // theirs are f32
  }
  EXPECT_NEAR(edm->at(karras[0]).noise, 80.0, 1e-9);
  EXPECT_NEAR(edm->at(karras[1]).noise, 57.58598472124816, 1e-9);
  EXPECT_NEAR(edm->at(karras[16]).noise, 0.0075280199627840785, 1e-12);
  EXPECT_NEAR(edm->at(karras[17]).noise, 0.002, 1e-12);
  const auto even = time_spacings().at("log_snr")(*vp, 5, 7.0);
  const auto lambda = [&](int i) {
    return half_log_snr(vp->at(even[static_cast<std::size_t>(i)]));
  };
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(lambda(i + 2) - lambda(i + 1), lambda(1) - lambda(0), 1e-9);
  EXPECT_EQ(even[0], 1.0);
  EXPECT_EQ(even[4], 1e-3);
  EXPECT_EQ(time_spacings().at("trailing")(*ot, 4, 7.0),
            (std::vector<double>{1.0, 0.75, 0.5, 0.25}));
  // facebookresearch/flow_matching's get_time_discretization(18), whose time is 1 − ours.
  const auto of_edm = time_spacings().at("edm")(*ot, 18, 7.0);
  for (std::size_t i = 0; i < of_edm.size(); ++i) {
    EXPECT_NEAR(of_edm[i], sigmas[i] / (1.0 + sigmas[i]), 1e-7) << i;
  }
  EXPECT_NEAR(of_edm[0], 80.0 / 81.0, 1e-12);
  const auto roots = time_spacings().at("quadratic")(*edm, 3, 7.0);
  EXPECT_EQ(roots, (std::vector<double>{1.0, 0.25, 0.0}));
  // On a grid: what family ddpm calls even and trailing.
  const auto grid = grid_process(linear_schedule(1000), torch::kCPU);
  for (const std::string name : {"uniform", "trailing"}) {
    const auto times = time_spacings().at(name)(*grid, 12, 7.0);
    const auto steps = step_spacings().at(name == "uniform" ? "even" : name)(1000, 12);
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_NEAR(times[i], static_cast<double>(steps[i]) / 1000.0, 1e-12) << name << i;
    }
  }
}

TEST(Parameterisation, AnOutputThatIsTheTargetImpliesTheExample) {
  const auto x0 = torch::randn({2, 3}, seeded(1), torch::kDouble);
  const auto eps = torch::randn({2, 3}, seeded(2), torch::kDouble);
  for (const auto& [name, schedule] : kAll) {
    const auto of = process(name, schedule);
    for (const auto& prediction : parameterisations().names()) {
      const auto& is = parameterisations().at(prediction);
      const auto level = of->at(torch::tensor(0.4, torch::kDouble));
      const auto x_t = q_sample(x0, eps, level);
      const auto output = is.target(x0, eps, level, 0.7);
      EXPECT_TRUE(torch::allclose(is.x0(x_t, output, level, 0.7), x0, 1e-9, 1e-9))
          << name << prediction;
      // The estimate errs by the root of x0_error where the output errs by 1.
      const auto off = is.x0(x_t, output + 1.0, level, 0.7) - x0;
      EXPECT_TRUE(torch::allclose(off.square(), is.x0_error(level, 0.7).expand({2, 3}), 1e-6, 1e-9))
          << name << prediction;
    }
  }
}

TEST(Parameterisation, TargetsAreThoseOfThePapers) {
  const auto x0 = torch::tensor({0.5}, torch::kDouble), eps = torch::tensor({-2.0}, torch::kDouble);
  const auto at = [&](const std::string& name, const std::string& prediction, double t) {
    const auto level = process(name)->at(torch::tensor(t, torch::kDouble));
    return parameterisations().at(prediction).target(x0, eps, level, 0.5).item<double>();
  };
  // Straight paths from noise to data: x1 − x0 of flow matching.
  EXPECT_NEAR(at("ot", "velocity", 0.3), 0.5 - -2.0, 1e-12);
  // σ ∇log N(x_t; α x_0, σ²) = −(x_t − α x_0)/σ.
  EXPECT_NEAR(at("ve", "score", 0.3), 2.0, 1e-12);
  // Karras et al. 2022, table 1 at σ = σ_data = ½: c_skip = ½, c_out = ½/√2, of x = ½ + ½ (−2).
  const double t = std::log(0.5 / 0.002) / std::log(80.0 / 0.002);
  EXPECT_NEAR(at("edm", "F", t), (0.5 - 0.5 * -0.5) / (0.5 / std::sqrt(2.0)), 1e-9);
}

TEST(Parameterisation, TargetAndInputOfFHaveUnitVariance) {
  // Karras et al. 2022, appendix B.6, for data of σ_data's variance; 200,000 draws.
  const auto x0 = 0.7 * torch::randn({200000}, seeded(1), torch::kDouble);
  const auto eps = torch::randn({200000}, seeded(2), torch::kDouble);
  const auto& f = parameterisations().at("F");
  for (const std::string name : {"edm", "vp", "ot"}) {
    for (const double t : {0.1, 0.6, 1.0}) {
      const auto level = process(name)->at(torch::tensor(t, torch::kDouble));
      EXPECT_NEAR(f.target(x0, eps, level, 0.7).var().item<double>(), 1.0, 0.016) << name << t;
      const auto input = f.input(q_sample(x0, eps, level), level, 0.7);
      EXPECT_NEAR(input.var().item<double>(), 1.0, 0.016) << name << t;
    }
  }
}

TEST(LossWeighting, OfEdmIsOneForF) {
  // λ(σ) = (σ² + σ_data²)/(σ σ_data)², and 1/c_out² of x_0 is 1 of F.
  const auto edm = process("edm");
  const auto t = torch::tensor({0.1, 0.5, 0.9}, torch::kDouble);
  const auto of = [&](const std::string& prediction) {
    return output_weights(loss_weightings().at("edm"), parameterisations().at(prediction), *edm, t,
                          edm->at(t), {.data_sd = 0.7});
  };
  EXPECT_TRUE(torch::allclose(of("F"), torch::ones({3})));
  const auto sigma = edm->at(t).noise;
  const auto lambda = (sigma.square() + 0.49) / (sigma * 0.7).square();
  EXPECT_TRUE(torch::allclose(of("x0"), lambda.to(torch::kFloat)));
}

TEST(LossWeighting, OfTheBoundIsTheLikelihoodWeightingOfTheScore) {
  // ½ g² of the score's squared error (Song et al. 2021b, eq. 7), g² = β of VP; an error of ε is
  // one of the score over σ.
  const auto vp = process("vp");
  const auto t = torch::tensor({0.1, 0.5, 0.9}, torch::kDouble);
  const auto weights = output_weights(loss_weightings().at("vlb"),
                                      parameterisations().at("epsilon"), *vp, t, vp->at(t), {});
  const auto beta = 0.1 + 19.9 * t;
  EXPECT_TRUE(
      torch::allclose(weights, (0.5 * beta / vp->at(t).noise.square()).to(torch::kFloat), 1e-4));
}

TEST(TimeDistribution, DrawsWhatItSays) {
  const Noise noise{seeded(1)};
  const auto edm = process("edm"), vp = process("vp"), ot = process("ot");
  const auto draw = [&](const std::string& name, const Process& of, const TimeSettings& settings) {
    return time_distributions().at(name).draw(of, 20000, noise, torch::kFloat, settings);
  };
  // Five standard errors of 20,000 draws.
  const auto log_sigma = edm->at(draw("log_normal", *edm, {})).noise.log();
  EXPECT_NEAR(log_sigma.mean().item<double>(), -1.2, 0.043);
  EXPECT_NEAR(log_sigma.std().item<double>(), 1.2, 0.03);
  const auto logits = torch::logit(draw("log_normal", *ot, {.mean = 0.5, .sd = 1.0}));
  EXPECT_NEAR(logits.mean().item<double>(), 0.5, 0.036);
  const auto uniform = draw("uniform", *vp, {});
  EXPECT_GE(uniform.min().item<double>(), 1e-3);
  EXPECT_LE(uniform.max().item<double>(), 1.0);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5005, 0.0103);
  const auto parts = ((draw("stratified", *vp, {}) - 1e-3) / 0.999 * 20000).floor();
  EXPECT_LE((parts - torch::arange(20000)).abs().max().item<double>(), 1.0);  // f32 at the edges
}

}  // namespace
}  // namespace assay
