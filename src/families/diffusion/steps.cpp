// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/steps.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace assay {

torch::Tensor q_sample(const torch::Tensor& x0, const torch::Tensor& eps, const Level& level) {
  return at::addcmul(level.signal * x0, level.noise, eps);
}

torch::Tensor v_target(const torch::Tensor& x0, const torch::Tensor& eps, const Level& level) {
  return level.signal * eps - level.noise * x0;
}

torch::Tensor x0_from_eps(const torch::Tensor& x_t, const torch::Tensor& eps, const Level& level) {
  return (x_t - level.noise * eps) / level.signal;
}

torch::Tensor x0_from_v(const torch::Tensor& x_t, const torch::Tensor& v, const Level& level) {
  return (level.signal * x_t - level.noise * v) / (level.signal.square() + level.noise.square());
}

torch::Tensor eps_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0,
                          const Marginal& level) {
  return (x_t - level.signal * x0) / level.noise;
}

torch::Tensor score_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0,
                            const Marginal& level) {
  return (level.signal * x0 - x_t) / (level.noise * level.noise);
}

torch::Tensor slope_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0,
                            const Marginal& level) {
  return level.signal_slope * x0 + level.noise_slope * eps_from_x0(x_t, x0, level);
}

PosteriorWeights posterior_weights(const DiffusionStep& step) {
  const double of_t = step.from.noise * step.from.noise, of_s = step.to.noise * step.to.noise;
  PosteriorWeights weights;
  weights.signal_ratio = step.from.signal / step.to.signal;
  weights.beta = of_t - weights.signal_ratio * weights.signal_ratio * of_s;
  weights.x0_weight = step.to.signal * weights.beta / of_t;
  weights.x_t_weight = weights.signal_ratio * of_s / of_t;
  weights.variance = weights.beta * of_s / of_t;
  return weights;
}

torch::Tensor ancestral_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                             const torch::Tensor& noise, const DiffusionStep& step,
                             bool large_variance) {
  const auto weights = posterior_weights(step);
  const auto mean = weights.x0_weight * x0 + weights.x_t_weight * x_t;
  if (step.to.noise <= 0.0) return mean;
  return mean + std::sqrt(large_variance ? weights.beta : weights.variance) * noise;
}

torch::Tensor ancestral_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                             const torch::Tensor& noise, const DiffusionStep& step,
                             const torch::Tensor& variance_share) {
  const auto weights = posterior_weights(step);
  const double large = std::log(weights.beta), small = std::log(weights.variance);
  const auto sd = (0.5 * (small + (large - small) * variance_share)).exp();
  return weights.x0_weight * x0 + weights.x_t_weight * x_t + sd * noise;
}

double ddim_sigma(const DiffusionStep& step, double eta) {
  return eta * std::sqrt(posterior_weights(step).variance);
}

torch::Tensor ddim_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                        const torch::Tensor& noise, const DiffusionStep& step, double eta) {
  const double sigma = ddim_sigma(step, eta), variance = step.to.noise * step.to.noise;
  // Rounding may leave a tiny negative number where the direction's weight is exactly zero.
  const double direction = std::sqrt(std::max(0.0, variance - sigma * sigma));
  auto x_s = step.to.signal * x0 + direction * eps_from_x0(x_t, x0, step.from);
  if (sigma > 0.0) x_s.add_(noise, sigma);
  return x_s;
}

}  // namespace assay
