// SPDX-License-Identifier: Apache-2.0
// Switches of a VAE's objective, against their equations written out.
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <ostream>

#include "tests/families/vae/seen.h"

namespace assay {
namespace {

// A switch, and the loss that it stands for: all formed from what the step will see.
struct Switch {
  std::string label, toml;
  double (*loss)(const Seen& seen);
  std::int64_t step = 0;  // of 10, at epoch 1/2
};
void PrintTo(const Switch& setting, std::ostream* out) { *out << setting.label; }

double mean_of(const torch::Tensor& nats) { return nats.mean().item<double>(); }

// KL of each dimension, [N,3].
torch::Tensor kl_nats(const Seen& seen) {
  return 0.5 * (seen.mu.square() + seen.variance - 1.0 - seen.variance.log());
}

double beta_loss(const Seen& seen, double weight) {
  return mean_of(bernoulli_nats(seen)) + weight * mean_of(kl_nats(seen).sum(1));
}

double gaussian_nats(const Seen& seen, double sigma) {
  const auto deviation = torch::tensor(sigma, torch::kDouble);
  return -mean_of(log_normal_density(seen.images, seen.means, deviation).sum(2));
}

double laplace_nats(const Seen& seen, double scale) {
  return mean_of(((seen.images - seen.means).abs() / scale + std::log(2.0 * scale)).sum(2));
}

double logistic_nats(const Seen& seen, double scale) {
  const auto below = torch::sigmoid((seen.images - 1.0 / 255.0 - seen.means) / scale);
  const auto up_to = torch::sigmoid((seen.images + 1.0 / 255.0 - seen.means) / scale);
  const auto mass = torch::where(seen.images > 0.999, 1.0, up_to) -
                    torch::where(seen.images < -0.999, 0.0, below);
  return -mean_of(mass.log().sum(2));
}

double optimal_sigma(const Seen& seen) {
  return (seen.images - seen.means).square().mean().sqrt().item<double>();
}

double optimal_scale(const Seen& seen) {
  return (seen.images - seen.means).abs().mean().item<double>();
}

// 3 and 5 times the squared distances of a covariance from the identity.
double dip_penalty(const torch::Tensor& covariance) {
  const auto squares = (covariance - torch::eye(3, torch::kDouble)).square();
  const double diagonal = squares.trace().item<double>();
  return 3.0 * (squares.sum().item<double>() - diagonal) + 5.0 * diagonal;
}

using Kernel = double (*)(double squared_distance);
// C of Z = 3 and bandwidth 1/2.
constexpr double kMmdScale = 2.0 * 3.0 * 0.25;

double gaussian_kernel(double squared_distance) { return std::exp(-squared_distance / kMmdScale); }

double multiquadratic_kernel(double squared_distance) {
  double sum = 0.0;
  for (const double s : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0}) {
    sum += s * kMmdScale / (s * kMmdScale + squared_distance);
  }
  return sum;
}

// The unbiased estimate pair by pair; the prior's draws follow the posterior's.
double mmd_by_hand(const Seen& seen, Kernel kernel) {
  const auto noise = seeded(7);
  torch::randn({8, 3}, noise);
  const auto codes = seen.z[0], draws = torch::randn({8, 3}, noise).to(torch::kDouble);
  const auto k = [&](const torch::Tensor& a, const torch::Tensor& b) {
    return kernel((a - b).square().sum().item<double>());
  };
  const std::int64_t n = codes.size(0);
  double within = 0.0, between = 0.0;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      if (i != j) within += k(codes[i], codes[j]) + k(draws[i], draws[j]);
      between += k(codes[i], draws[j]);
    }
  }
  const auto pairs = static_cast<double>(n);
  return within / (pairs * (pairs - 1.0)) - 2.0 * between / (pairs * pairs);
}

const std::vector<Switch>& switches() {
  static const std::string dip = "objective.dip_off_diagonal = 3\nobjective.dip_diagonal = 5\n",
                           mmd = "objective.mmd_weight = 7\nobjective.mmd_bandwidth = 0.5\n",
                           cycles =
                               "objective.kl_schedule = \"cyclical\"\nobjective.beta = 3\n"
                               "objective.kl_cycles = 2\nobjective.kl_cycle_rise = 0.5\n";
  static const std::vector<Switch> all = {
      {"Beta", "objective.beta = 3\n", [](const Seen& seen) { return beta_loss(seen, 3.0); }},
      {"FreeBits", "objective.beta = 2\nobjective.free_bits = 0.5\n",
       [](const Seen& seen) {
         const auto floored = kl_nats(seen).mean(0).clamp_min(0.5).sum().item<double>();
         return mean_of(bernoulli_nats(seen)) + 2.0 * floored;
       }},
      {"WarmUp", "objective.beta = 3\nobjective.kl_warm_up_epochs = 2\n",
       [](const Seen& seen) { return beta_loss(seen, 3.0 * 0.5 / 2.0); }},
      // The second step of five: a fifth of a cycle that rises over its first half.
      {"CycleRises", cycles, [](const Seen& seen) { return beta_loss(seen, 3.0 * 0.4); }, 1},
      {"CycleStays", cycles, [](const Seen& seen) { return beta_loss(seen, 3.0); }, 8},
      {"DipOne", "objective.dip = \"i\"\n" + dip,
       [](const Seen& seen) {
         return beta_loss(seen, 1.0) + dip_penalty(torch::cov(seen.mu.t(), 0));
       }},
      {"DipTwo", "objective.dip = \"ii\"\n" + dip,
       [](const Seen& seen) {
         const auto within = torch::diag(seen.variance.mean(0));
         return beta_loss(seen, 1.0) + dip_penalty(torch::cov(seen.mu.t(), 0) + within);
       }},
      {"MmdMultiquadratic", mmd,
       [](const Seen& seen) {
         return beta_loss(seen, 1.0) + 7.0 * mmd_by_hand(seen, multiquadratic_kernel);
       }},
      {"MmdGaussian", "objective.mmd_kernel = \"gaussian\"\n" + mmd,
       [](const Seen& seen) {
         return beta_loss(seen, 1.0) + 7.0 * mmd_by_hand(seen, gaussian_kernel);
       }},
  };
  return all;
}

// p(x|z), and its nats at a scale.
struct Observation {
  std::string likelihood, scale;
  double (*nats)(const Seen& seen, double scale);
  double (*optimal)(const Seen& seen) = nullptr;
};
void PrintTo(const Observation& setting, std::ostream* out) {
  *out << setting.likelihood << "_" << setting.scale;
}

constexpr double kSigma = 0.3;

std::unique_ptr<Trainable> observing_vae(const Observation& setting) {
  auto model = vae("objective.likelihood = \"" + setting.likelihood + "\"\nobjective.scale = \"" +
                   setting.scale + "\"\nobjective.sigma = 0.3\noptimizer.learning_rate = 0.05\n");
  spread_posterior(*model);
  return model;
}

class VaeSwitches : public ::testing::TestWithParam<Switch> {};

TEST_P(VaeSwitches, MakeTheLossTheyStandFor) {
  const auto model = vae(GetParam().toml);
  spread_posterior(*model);
  const double loss = GetParam().loss(before_step(*model, 8));
  EXPECT_NEAR(step(*model, GetParam().step).at("loss"), loss, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Table, VaeSwitches, ::testing::ValuesIn(switches()),
                         [](const auto& test) { return test.param.label; });

class VaeObservations : public ::testing::TestWithParam<Observation> {};

TEST_P(VaeObservations, AreTrainedAtTheirScale) {
  const auto model = observing_vae(GetParam());
  const auto seen = before_step(*model, 8);
  const double scale = GetParam().optimal ? GetParam().optimal(seen) : kSigma;
  const double nats = GetParam().nats(seen, scale);
  const auto values = step(*model);
  EXPECT_NEAR(values.at("reconstruction_nats"), nats, 1e-6 * nats + 1e-4);
  EXPECT_NEAR(values.at("loss"), nats + mean_of(kl_nats(seen).sum(1)), 1e-6 * nats + 1e-4);
}

// A learned scale has moved by then; of an optimal one the mean over both batches is taken.
TEST_P(VaeObservations, AreScoredAtTheScaleOfTheRun) {
  const auto model = observing_vae(GetParam());
  double scale = 0.0;
  for (const std::int64_t index : {0, 1}) {
    if (GetParam().optimal) scale += 0.5 * GetParam().optimal(before_step(*model, 8));
    step(*model, index);
  }
  if (GetParam().scale == "fixed") scale = kSigma;
  if (GetParam().scale == "learned") {
    scale = std::exp(state_of(*model).at("network.log_scale").item<double>());
    EXPECT_GT(std::abs(scale - kSigma), 0.01);
  }
  const auto seen = seen_at(*model, draw_normal(8, {3}, seeded(7)).unsqueeze(0));
  const auto bound = dynamic_cast<GenerativeModel&>(*model).elbo(batch_of(8), seeded(7));
  const double nats = GetParam().nats(seen, scale);
  EXPECT_NEAR(mean_of(bound->to(torch::kDouble)), -nats - mean_of(kl_nats(seen).sum(1)),
              1e-6 * nats + 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Table, VaeObservations,
    ::testing::Values(Observation{"bernoulli", "fixed",
                                  [](const Seen& seen, double) {
                                    return mean_of(bernoulli_nats(seen));
                                  }},
                      Observation{"gaussian", "fixed", gaussian_nats},
                      Observation{"gaussian", "optimal", gaussian_nats, optimal_sigma},
                      Observation{"gaussian", "learned", gaussian_nats},
                      Observation{"laplace", "fixed", laplace_nats},
                      Observation{"laplace", "optimal", laplace_nats, optimal_scale},
                      Observation{"laplace", "learned", laplace_nats},
                      Observation{"discretised_logistic", "fixed", logistic_nats},
                      Observation{"discretised_logistic", "learned", logistic_nats}),
    [](const auto& test) { return test.param.likelihood + "_" + test.param.scale; });

}  // namespace
}  // namespace assay
