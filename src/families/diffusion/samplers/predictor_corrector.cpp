// SPDX-License-Identifier: Apache-2.0
// Predictor–corrector samplers (Song et al. 2021, algorithm 1): predict, then correct at the level
// where the prediction ends. The last step is to the estimate, their denoising step.
#include <ATen/ATen.h>

#include <cmath>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

using torch::Tensor;

Tensor ancestral(SamplerState& state) {
  return ancestral_step(state.x, state.now().x0, state.noise(), state.step, false);
}

// The forward chain x_t = a x_s + √b z run backwards: x_s = (2 − a) x_t + b ∇log q(x_t) + √b z
// (Song et al. 2021, eq. 46, and algorithms 2 and 3).
Tensor reverse_diffusion(SamplerState& state) {
  const auto weights = posterior_weights(state.step);
  const auto score = score_from_x0(state.x, state.now().x0, state.step.from);
  return (2.0 - weights.signal_ratio) * state.x + weights.beta * score +
         std::sqrt(weights.beta) * state.noise();
}

// A step of the reverse SDE (eq. 6) with f = α'/α and g² = 2 (σ σ' − f σ²):
//   x_s = x_t − (f x_t − g² ∇log q(x_t)) Δ + g √Δ z, Δ = t − s.
Tensor euler_maruyama(SamplerState& state) {
  const auto& level = state.step.from;
  const double f = level.signal_slope / level.signal, length = state.t - state.s;
  const double g_squared = 2.0 * level.noise * (level.noise_slope - f * level.noise);
  const auto score = score_from_x0(state.x, state.now().x0, level);
  return state.x - (f * state.x - g_squared * score) * length +
         std::sqrt(g_squared * length) * state.noise();
}

// One step of Langevin dynamics (algorithms 4 and 5): x + ε ∇log q(x) + √(2ε) z with ε = 2 a² (r
// ‖z‖/‖∇log q(x)‖)², the norms of each sample alone; a the step's ratio of signals, whose square is
// 1 − β_i of VP and 1 of VE, as in their code.
Tensor langevin(SamplerState& state, const Tensor& x, double snr) {
  const auto score = score_from_x0(x, state.denoise(x, state.s).x0, state.step.to);
  const auto z = state.noise();
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  const auto norm = [&](const Tensor& of) { return of.flatten(1).norm(2, 1).view(shape); };
  const double ratio = posterior_weights(state.step).signal_ratio;
  // A score of 0 has no direction to step in: that of a network whose last layer still is 0.
  const auto length = norm(score);
  const auto of_noise = at::where(length > 0.0, norm(z) / length, at::zeros_like(length));
  const auto size = 2.0 * ratio * ratio * (snr * of_noise).square();
  return x + size * score + (2.0 * size).sqrt() * z;
}

// The same with ε = 2 a² (r σ)², σ the level's noise, whatever the norms are (Song & Ermon 2019,
// algorithm 1; Song et al. 2021, code, of what was trained without a predictor in mind).
Tensor annealed_langevin(SamplerState& state, const Tensor& x, double snr) {
  const auto score = score_from_x0(x, state.denoise(x, state.s).x0, state.step.to);
  const double moved = posterior_weights(state.step).signal_ratio * snr * state.step.to.noise;
  const double size = 2.0 * moved * moved;
  return x + size * score + std::sqrt(2.0 * size) * state.noise();
}

Tensor predict_and_correct(SamplerState& state, const SamplerSettings& settings) {
  if (state.last) return state.now().x0;
  auto x = settings.predictor == nullptr ? state.x : settings.predictor(state);
  if (settings.corrector.move == nullptr) return x;
  for (std::int64_t i = 0; i < settings.corrector_steps; ++i) {
    x = settings.corrector.move(state, x, settings.corrector_snr);
  }
  return x;
}

bool always(const SamplerSettings&) { return true; }

}  // namespace

const Choices<Predictor>& predictors() {
  static const Choices<Predictor> all = {{"reverse_diffusion", reverse_diffusion},
                                         {"euler_maruyama", euler_maruyama},
                                         {"ancestral", ancestral},
                                         {"none", nullptr}};
  return all;
}

const Choices<Corrector>& correctors() {
  static const Choices<Corrector> all = {
      {"langevin", {langevin}}, {"annealed_langevin", {annealed_langevin}}, {"none", {}}};
  return all;
}

Sampler predictor_corrector_sampler() {
  return {.paper = "Song et al. 2021, algorithm 1",
          .step = predict_and_correct,
          .is_stochastic = always,
          .continuous_only = true,
          .divides_by_signal = true};
}

}  // namespace assay
