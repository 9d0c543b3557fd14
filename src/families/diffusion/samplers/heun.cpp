// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

// φ with α = r cos φ and σ = r sin φ: 0 without noise, π/2 without signal.
double angle(const Marginal& level) { return std::atan2(level.noise, level.signal); }
double radius(const Marginal& level) { return std::hypot(level.signal, level.noise); }

// d(x/r)/dφ of the probability-flow ODE: (cos φ x/r − x̂_0)/sin φ, which is v (Karras et al. 2022,
// eq. 4 with s = cos φ and σ = tan φ; Salimans & Ho 2022, appendix D).
torch::Tensor slope(const torch::Tensor& x, const torch::Tensor& x0, const Marginal& level) {
  const double phi = angle(level);
  return (std::cos(phi) * x - x0) / std::sin(phi);
}

// A step of Heun's method in φ, where the curve of a single example has no more than its circle's
// curvature, whatever the schedule: an Euler step to φ_s, and then one with the mean of the slopes
// at both ends (Karras et al. 2022, algorithm 1 without churn). The last step ends at x̂_0, as
// theirs does: Euler's in σ.
torch::Tensor mean_of_both_slopes(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  const auto& [from, to] = state.step;
  const double length = angle(to) - angle(from), scale = radius(to);
  const auto x = state.x / radius(from);
  const auto first = slope(x, x0, from);
  const auto x_s = x + length * first;
  const auto second = slope(x_s, state.denoise(scale * x_s, state.s).x0, to);
  return scale * (x + 0.5 * length * (first + second));
}

// Karras et al. 2022, algorithm 2, for x/α with σ/α: first the noise is raised from σ to σ̂ = σ +
// γσ, γ = min(S_churn/N, √2 − 1) where S_tmin ≤ σ ≤ S_tmax, and then Heun's step in σ is taken.
torch::Tensor with_churn(SamplerState& state, const SamplerSettings& settings) {
  const auto& [from, to] = state.step;
  const double sigma = from.noise / from.signal, sigma_next = to.noise / to.signal;
  auto x = state.x / from.signal;
  double sigma_hat = sigma;
  torch::Tensor x0;
  const bool churns =
      settings.s_churn > 0.0 && sigma >= settings.s_tmin && sigma <= settings.s_tmax;
  if (churns) {
    const double gamma =
        std::min(settings.s_churn / static_cast<double>(state.steps), std::sqrt(2.0) - 1.0);
    sigma_hat = sigma * (1.0 + gamma);
    const double added = std::sqrt(sigma_hat * sigma_hat - sigma * sigma);
    x = x + added * settings.s_noise * state.noise();
    const double t_hat = state.process->time_of(-std::log(sigma_hat));
    x0 = state.denoise(state.process->at(t_hat).signal * x, t_hat).x0;
  } else {
    x0 = state.now().x0;
  }
  if (state.last) return x0;
  const double length = sigma_next - sigma_hat;
  const auto first = (x - x0) / sigma_hat;
  const auto x_next = x + length * first;
  const auto second = (x_next - state.denoise(to.signal * x_next, state.s).x0) / sigma_next;
  return to.signal * (x + 0.5 * length * (first + second));
}

bool by_churn(const SamplerSettings& settings) { return settings.s_churn > 0.0; }

}  // namespace

Sampler heun_sampler() {
  return {.paper = "Karras et al. 2022, algorithm 1, without churn", .step = mean_of_both_slopes};
}

Sampler edm_heun_sampler() {
  return {.paper = "Karras et al. 2022, algorithm 2",
          .step = with_churn,
          .is_stochastic = by_churn,
          .continuous_only = true,
          .divides_by_signal = true};
}

}  // namespace assay
