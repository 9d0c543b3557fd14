// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/steps.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace assay {

torch::Tensor q_sample(const torch::Tensor& x0, const torch::Tensor& eps, const NoiseLevel& level) {
  return at::addcmul(level.signal * x0, level.noise, eps);
}

torch::Tensor v_target(const torch::Tensor& x0, const torch::Tensor& eps, const NoiseLevel& level) {
  return level.signal * eps - level.noise * x0;
}

torch::Tensor x0_from_eps(const torch::Tensor& x_t, const torch::Tensor& eps, double alpha_bar) {
  return (x_t - std::sqrt(1.0 - alpha_bar) * eps) / std::sqrt(alpha_bar);
}

torch::Tensor x0_from_v(const torch::Tensor& x_t, const torch::Tensor& v, double alpha_bar) {
  return std::sqrt(alpha_bar) * x_t - std::sqrt(1.0 - alpha_bar) * v;
}

torch::Tensor eps_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0, double alpha_bar) {
  return (x_t - std::sqrt(alpha_bar) * x0) / std::sqrt(1.0 - alpha_bar);
}

PosteriorWeights posterior_weights(const DiffusionStep& step) {
  const double alpha = step.alpha_bar_t / step.alpha_bar_s;
  PosteriorWeights weights;
  weights.beta = 1.0 - alpha;
  weights.x0_weight = std::sqrt(step.alpha_bar_s) * weights.beta / (1.0 - step.alpha_bar_t);
  weights.x_t_weight = std::sqrt(alpha) * (1.0 - step.alpha_bar_s) / (1.0 - step.alpha_bar_t);
  weights.variance = weights.beta * (1.0 - step.alpha_bar_s) / (1.0 - step.alpha_bar_t);
  return weights;
}

torch::Tensor ancestral_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                             const torch::Tensor& noise, const DiffusionStep& step,
                             bool large_variance) {
  const auto weights = posterior_weights(step);
  const auto mean = weights.x0_weight * x0 + weights.x_t_weight * x_t;
  if (step.alpha_bar_s >= 1.0) return mean;
  return mean + std::sqrt(large_variance ? weights.beta : weights.variance) * noise;
}

double ddim_sigma(const DiffusionStep& step, double eta) {
  return eta * std::sqrt((1.0 - step.alpha_bar_s) / (1.0 - step.alpha_bar_t)) *
         std::sqrt(1.0 - step.alpha_bar_t / step.alpha_bar_s);
}

torch::Tensor ddim_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                        const torch::Tensor& noise, const DiffusionStep& step, double eta) {
  const double sigma = ddim_sigma(step, eta);
  // Rounding may leave a tiny negative number where the direction's weight is exactly zero.
  const double direction = std::sqrt(std::max(0.0, 1.0 - step.alpha_bar_s - sigma * sigma));
  auto x_s = std::sqrt(step.alpha_bar_s) * x0 + direction * eps_from_x0(x_t, x0, step.alpha_bar_t);
  if (sigma > 0.0) x_s.add_(noise, sigma);
  return x_s;
}

}  // namespace assay
