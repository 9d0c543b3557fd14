// SPDX-License-Identifier: Apache-2.0
// Data whose noisy versions' exact estimates E[x_0|x_t] are known: N(.2, .2²), and a mixture.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <string_view>

#include "families/diffusion/process.h"

namespace assay {

inline std::unique_ptr<Process> process(const std::string& name,
                                        VpSchedule schedule = VpSchedule::kLinear) {
  return continuous_processes().at(name).make({.schedule = schedule});
}

inline Level as_tensors(const Marginal& at) {
  return {.signal = torch::tensor(at.signal, torch::kDouble),
          .noise = torch::tensor(at.noise, torch::kDouble)};
}

constexpr double kMean = 0.2, kVariance = 0.04;

/// Of data N(.2, .2²).
inline torch::Tensor estimate_of_gaussian(const torch::Tensor& x_t, const Level& at) {
  const auto gain = at.signal * kVariance / (at.signal.square() * kVariance + at.noise.square());
  return kMean + gain * (x_t - at.signal * kMean);
}
inline torch::Tensor estimate_of_gaussian(const torch::Tensor& x_t, const Marginal& at) {
  return estimate_of_gaussian(x_t, as_tensors(at));
}

/// Where its probability-flow ODE leads from x at one level.
inline torch::Tensor flow_of_gaussian(const torch::Tensor& x, const Marginal& from,
                                      const Marginal& to) {
  const auto sd = [](const Marginal& at) {
    return std::hypot(at.signal * std::sqrt(kVariance), at.noise);
  };
  return to.signal * kMean + sd(to) / sd(from) * (x - from.signal * kMean);
}

/// .3 N(−.6, .1²) + .7 N(.4, .15²).
struct Component {
  double weight, mean, sd;
};
constexpr Component kMixture[] = {{0.3, -0.6, 0.1}, {0.7, 0.4, 0.15}};

/// Each component's own estimate, by how likely it made x_t.
inline torch::Tensor estimate_of_mixture(const torch::Tensor& x_t, const Level& at) {
  auto above = torch::zeros_like(x_t), below = torch::zeros_like(x_t);
  for (const auto& [weight, mean, sd] : kMixture) {
    const auto variance = at.signal.square() * sd * sd + at.noise.square();
    const auto off = x_t - at.signal * mean;
    const auto likely = weight * variance.rsqrt() * (-0.5 * off * off / variance).exp();
    above = above + likely * (mean + at.signal * sd * sd / variance * off);
    below = below + likely;
  }
  // So far out that neither is likely at all, 0.
  return above / below.clamp_min(1e-300);
}

/// Holds shares of x below seven places to the mixture's.
inline void expect_mixture(const torch::Tensor& x, const std::string& what, double within) {
  for (const double at : {-0.7, -0.6, -0.5, 0.0, 0.25, 0.4, 0.6}) {
    double expected = 0.0;
    for (const auto& [weight, mean, sd] : kMixture) {
      expected += weight * 0.5 * std::erfc(-(at - mean) / sd / std::numbers::sqrt2);
    }
    EXPECT_NEAR((x < at).to(torch::kDouble).mean().item<double>(), expected, within)
        << what << " at " << at;
  }
}

}  // namespace assay
