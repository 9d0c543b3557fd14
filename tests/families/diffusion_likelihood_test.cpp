// SPDX-License-Identifier: Apache-2.0
// The ODE's density and the variational bound, of data whose density is known.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "families/diffusion/flow_likelihood.h"
#include "families/diffusion/steps.h"
#include "families/diffusion/variational_bound.h"
#include "tests/families/known_laws.h"
#include "tests/families/sampler_run.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using torch::Tensor;

double normal_log_density(double x, double mean, double sd) {
  return -0.5 * std::pow((x - mean) / sd, 2) - std::log(sd * std::sqrt(2.0 * std::numbers::pi));
}

Denoiser exact(const Process& process) {
  return [&process](const Tensor& x, const Tensor& t, const Condition&) {
    const auto at = process.at(t);
    const auto wide = [&](const Tensor& value) { return value.view({-1, 1}); };
    return Estimate{
        .x0 = estimate_of_gaussian(x, Level{.signal = wide(at.signal), .noise = wide(at.noise)})};
  };
}

// The flow of N(.2, .2²) is affine, so that the density it carries the prior's to is known.
TEST(FlowLikelihood, OfAGaussianIsExactToItsTolerance) {
  for (const std::int64_t values : {1, 2, 40}) {  // 40: by random signs
    const auto x = 0.2 + 0.3 * torch::randn({5, values}, seeded(1), torch::kDouble);
    for (const std::string name : {"vp", "sub_vp", "ve", "edm", "ot"}) {
      const auto of = process(name);
      const auto found =
          flow_log_density(x, *of, exact(*of), {}, trace_directions(x, seeded(2)), 1e-7);
      const auto from = of->at(of->last_time()), to = of->at(of->first_time());
      const auto moved = flow_of_gaussian(x, from, to);
      const auto sd = [](const Marginal& at) {
        return std::hypot(at.signal * std::sqrt(kVariance), at.noise);
      };
      for (std::int64_t i = 0; i < 5; ++i) {
        double right = static_cast<double>(values) * std::log(sd(to) / sd(from));
        for (std::int64_t d = 0; d < values; ++d) {
          right += normal_log_density(moved[i][d].item<double>(), 0.0, of->prior_sd());
        }
        EXPECT_NEAR(found[i].item<double>(), right, 2e-5 * static_cast<double>(values)) << name;
      }
    }
  }
}

TEST(FlowLikelihood, AModelsDensityIsThatOfItsNetworksOde) {
  // A network of velocity 0 leaves noise where it is.
  const auto model = small_model(
      "family = 'diffusion'\nmodel.network = 'mlp'\nmodel.hidden_widths = [8]\n"
      "objective.process = 'ot'\nobjective.prediction = 'velocity'\nsampler.name = 'euler'\n"
      "sampler.spacing = 'trailing'\n",
      {2});
  {
    const torch::NoGradGuard no_grad;
    auto state = state_of(*model);
    state.at("network.layer1.weight").zero_();
    state.at("network.layer1.bias").zero_();
  }
  const auto x = torch::randn({4, 2}, seeded(3));
  const auto found = dynamic_cast<GenerativeModel&>(*model).log_density({x, {}}, 1e-6, seeded(1));
  ASSERT_TRUE(found);
  for (std::int64_t i = 0; i < 4; ++i) {
    const double right = normal_log_density(x[i][0].item<double>(), 0.0, 1.0) +
                         normal_log_density(x[i][1].item<double>(), 0.0, 1.0);
    EXPECT_NEAR((*found)[i].item<double>(), right, 1e-4);
  }
}

TEST(VariationalBound, OfAStepIsTheDivergenceOfTwoGaussians) {
  const auto schedule = linear_schedule(100);
  const auto grid = grid_process(schedule, torch::kCPU);
  const VariationalBound bound(*grid, false, torch::kCPU);
  const auto x0 = torch::randn({3, 4}, seeded(1), torch::kDouble);
  const auto estimate = torch::randn({3, 4}, seeded(2), torch::kDouble);
  const auto share = torch::rand({3, 4}, seeded(3), torch::kDouble);
  const std::vector<std::int64_t> steps = {1, 40, 99};
  const auto i = torch::tensor(steps, torch::kLong);
  const auto found = bound.term(x0, estimate, bound.log_variance(share, i), i);
  for (std::size_t n = 0; n < steps.size(); ++n) {
    // Ho et al. 2020, eq. 6-7.
    const double bar = schedule[static_cast<std::size_t>(steps[n])];
    const double before = schedule[static_cast<std::size_t>(steps[n] - 1)];
    const double beta = 1.0 - bar / before, posterior = beta * (1.0 - before) / (1.0 - bar);
    const double weight = std::sqrt(before) * beta / (1.0 - bar);
    double right = 0.0;
    for (std::int64_t d = 0; d < 4; ++d) {
      const auto row = static_cast<std::int64_t>(n);
      const double s = share[row][d].item<double>();
      const double variance = std::exp(s * std::log(beta) + (1.0 - s) * std::log(posterior));
      const double apart = weight * (x0[row][d] - estimate[row][d]).item<double>();
      right +=
          0.5 * (std::log(variance / posterior) + (posterior + apart * apart) / variance - 1.0);
    }
    EXPECT_NEAR(found[static_cast<std::int64_t>(n)].item<double>(), right, 1e-9 * (1.0 + right));
  }
}

TEST(VariationalBound, TheLastStepsLevelsAreAllThereAre) {
  const auto grid = grid_process(linear_schedule(100), torch::kCPU);
  const VariationalBound bound(*grid, true, torch::kCPU);
  const auto levels = (torch::arange(256, torch::kDouble) / 127.5 - 1.0).view({256, 1});
  const auto i = torch::zeros({256}, torch::kLong);
  for (const double mean : {-1.0, -0.3, 0.98}) {
    const auto nats = bound.term(levels, torch::full_like(levels, mean),
                                 torch::full_like(levels, std::log(0.03 * 0.03)), i);
    EXPECT_NEAR((-nats).exp().sum().item<double>(), 1.0, 1e-8) << mean;
  }
}

// With the exact estimate a long chain's bound of N(.2, .2²) comes near to its entropy, ½ log(2πe
// σ²) = −.190 nats, and never below it.
TEST(VariationalBound, OfAGaussianIsItsEntropy) {
  const auto schedule = cosine_schedule(1000);
  const auto grid = grid_process(schedule, torch::kCPU);
  const VariationalBound bound(*grid, false, torch::kCPU);
  constexpr std::int64_t kEach = 400;
  const auto x0 = 0.2 + 0.2 * torch::randn({kEach, 1}, seeded(1), torch::kDouble);
  double total = bound.prior_term(x0).mean().item<double>();
  for (std::int64_t step = 0; step < 1000; ++step) {
    const double bar = schedule[static_cast<std::size_t>(step)];
    const auto eps =
        torch::randn({kEach, 1}, seeded(100 + static_cast<std::uint64_t>(step)), torch::kDouble);
    const auto x_t = q_sample(x0, eps, level(bar));
    const auto i = torch::full({kEach}, step, torch::kLong);
    const auto log_variance = bound.log_variance(torch::ones_like(x0), i);
    total += bound.term(x0, estimate_of_gaussian(x_t, marginal(bar)), log_variance, i)
                 .mean()
                 .item<double>();
  }
  const double entropy = 0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e * kVariance);
  // Five standard errors of what 400 examples make of an entropy, √½/20.
  EXPECT_NEAR(total, entropy, 5.0 * 0.0354);
}

constexpr std::int64_t kTimesteps = 30;

std::unique_ptr<Trainable> grid_model(const std::string& more) {
  return small_model(
      "family = 'diffusion'\nmodel.base_channels = 8\nmodel.multipliers = [1, 2]\n"
      "model.groups = 4\nobjective.timesteps = 30\nsampler.steps = 3\n" +
          more,
      {1, 8, 8});
}

TEST(LearnedVariance, IsTrainedByTheBoundAndLeavesTheMeanAlone) {
  const Batch batch{torch::rand({6, 1, 8, 8}, seeded(5)) * 2.0 - 1.0, {}};
  // Adam's first step has the gradient's sign alone.
  const auto gradient = [&](const std::string& weight) {
    const auto model =
        grid_model("objective.learned_variance = true\nobjective.vlb_weight = " + weight +
                   "\noptimizer.learning_rate = 0.01\n");
    EXPECT_GT(logged_by_step(*model, batch).at("vlb"), 0.0);
    return state_of(*model).at("network.output.bias").grad().clone();
  };
  const auto without = gradient("0.0"), with = gradient("1.0");
  ASSERT_EQ(with.size(0), 2);
  EXPECT_EQ(without[0].item<float>(), with[0].item<float>());
  EXPECT_NE(without[0].item<float>(), 0.0F);
  EXPECT_EQ(without[1].item<float>(), 0.0F);
  EXPECT_NE(with[1].item<float>(), 0.0F);
}

// An output of 0: ε̂ = 0, so x̂_0 = x_t/α, and share ½.
TEST(LearnedVariance, TheLoggedBoundIsThatOfItsTimesteps) {
  const Batch batch{torch::rand({6, 1, 8, 8}, seeded(5)) * 2.0 - 1.0, {}};
  const auto model = grid_model("objective.learned_variance = true\n");
  const auto noise = seeded(7);
  const auto u = torch::rand({6}, noise);
  const auto eps = torch::randn({6, 1, 8, 8}, noise);
  const auto schedule = linear_schedule(kTimesteps);
  const auto grid = grid_process(schedule, torch::kCPU);
  const VariationalBound bound(*grid, true, torch::kCPU);
  double right = 0.0;
  for (std::int64_t n = 0; n < 6; ++n) {
    const auto step = static_cast<std::int64_t>(u[n].item<double>() * kTimesteps);
    const double bar = schedule[static_cast<std::size_t>(step)];
    const auto x0 = batch.images.slice(0, n, n + 1).to(torch::kDouble);
    const auto x_t = q_sample(x0, eps.slice(0, n, n + 1).to(torch::kDouble), level(bar));
    const auto i = torch::full({1}, step, torch::kLong);
    right +=
        bound.term(x0, x_t / std::sqrt(bar), bound.log_variance(torch::full_like(x0, 0.5), i), i)
            .item<double>() /
        6.0;
  }
  right *= kTimesteps / (64.0 * std::numbers::ln2);
  EXPECT_NEAR(logged_by_step(*model, batch).at("vlb"), right, 1e-3 * right);
}

// The mean over all timesteps is what one drawn timestep of each of many equal examples estimates.
TEST(Elbo, OfAGridIsTheBoundOfItsOwnChain) {
  const auto model = grid_model("sampler.name = 'ancestral'\nsampler.variance = 'small'\n");
  const auto one = torch::rand({1, 1, 8, 8}, seeded(5)) * 2.0 - 1.0;
  constexpr std::int64_t kCopies = 600;  // 20 of each timestep
  const auto found = dynamic_cast<GenerativeModel&>(*model).elbo(
      {one.expand({kCopies, 1, 8, 8}).contiguous(), {}}, seeded(1));
  ASSERT_TRUE(found);
  const auto schedule = linear_schedule(kTimesteps);
  const auto grid = grid_process(schedule, torch::kCPU);
  const VariationalBound bound(*grid, true, torch::kCPU);
  const auto x0 = one.to(torch::kDouble).expand({50, 1, 8, 8});
  double right = bound.prior_term(x0)[0].item<double>();
  for (std::int64_t step = 0; step < kTimesteps; ++step) {
    const double bar = schedule[static_cast<std::size_t>(step)];
    const auto eps =
        torch::randn(x0.sizes(), seeded(static_cast<std::uint64_t>(step)), torch::kDouble);
    const auto x_t = q_sample(x0, eps, level(bar));
    const auto i = torch::full({50}, step, torch::kLong);
    right += bound.term(x0, x_t / std::sqrt(bar), bound.log_variance(torch::zeros_like(x0), i), i)
                 .mean()
                 .item<double>();
  }
  EXPECT_NEAR(-found->mean().item<double>() / right, 1.0, 0.03);
}

TEST(DenoisingLosses, AreTheTrainingLossAtEightTimes) {
  const auto model = grid_model("objective.weighting = 'min_snr'\n");
  const Batch batch{torch::rand({3, 1, 8, 8}, seeded(5)) * 2.0 - 1.0, {}};
  const auto found = dynamic_cast<GenerativeModel&>(*model).denoising_losses(batch, seeded(1));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->sizes(), torch::IntArrayRef({3, 8}));
  const auto noise = seeded(1);
  for (std::int64_t k = 0; k < 8; ++k) {
    // Of 30 timesteps 0 … 29 the middles of eight parts: 1.8125, 5.4375, …
    const double step = std::round(29.0 * (static_cast<double>(k) + 0.5) / 8.0);
    const double bar = linear_schedule(kTimesteps)[static_cast<std::size_t>(step)];
    const double snr = bar / (1.0 - bar), weight = std::min(snr, 5.0) / snr;
    const auto eps = torch::randn({3, 1, 8, 8}, noise);  // the network says 0
    for (std::int64_t n = 0; n < 3; ++n) {
      const double right = weight * eps[n].square().mean().item<double>();
      EXPECT_NEAR((*found)[n][k].item<double>(), right, 1e-4 * right) << k;
    }
  }
}

}  // namespace
}  // namespace assay
