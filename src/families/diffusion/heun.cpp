// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

// φ with √ᾱ = cos φ and √(1 − ᾱ) = sin φ: 0 without noise, π/2 without signal.
double angle(double alpha_bar) {
  return std::atan2(std::sqrt(1.0 - alpha_bar), std::sqrt(alpha_bar));
}

// dx/dφ of the probability-flow ODE: (cos φ x − x̂_0)/sin φ, which is v (Karras et al. 2022, eq. 4
// with s = cos φ and σ = tan φ; Salimans & Ho 2022, appendix D).
torch::Tensor slope(const torch::Tensor& x, const torch::Tensor& x0, double alpha_bar) {
  return (std::sqrt(alpha_bar) * x - x0) / std::sqrt(1.0 - alpha_bar);
}

// A step of Heun's method in φ, where the curve of a single image has no more than its circle's
// curvature, whatever the schedule: an Euler step to φ_s, and then one with the mean of the slopes
// at both ends (Karras et al. 2022, algorithm 1 without churn). The last step ends at x̂_0, as
// theirs does: Euler's in σ.
torch::Tensor mean_of_both_slopes(const SamplerStep& step, const SamplerSettings&) {
  const auto [alpha_bar_t, alpha_bar_s] = step.levels;
  if (alpha_bar_s >= 1.0) return step.x0;
  const double length = angle(alpha_bar_s) - angle(alpha_bar_t);
  const auto first = slope(step.x_t, step.x0, alpha_bar_t);
  const auto x_s = step.x_t + length * first;
  const auto second = slope(x_s, step.estimate_at_s(x_s), alpha_bar_s);
  return step.x_t + 0.5 * length * (first + second);
}

}  // namespace

DiffusionSampler heun_sampler() {
  return {.paper = "Karras et al. 2022, algorithm 1, without churn",
          .step = mean_of_both_slopes,
          .evaluations_per_step = 2};
}

}  // namespace assay
