// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// How much signal and noise a noisy image holds: √ᾱ and √(1 − ᾱ), each [N,1,1,1] or 0-dim.
struct NoiseLevel {
  torch::Tensor signal, noise;
};

/// x_t = √ᾱ x_0 + √(1 − ᾱ) ε (Ho et al. 2020, eq. 4). x0, eps: [N,C,H,W]. Returns x_t.
torch::Tensor q_sample(const torch::Tensor& x0, const torch::Tensor& eps, const NoiseLevel& level);

/// v = √ᾱ ε − √(1 − ᾱ) x_0, the target of v-prediction (Salimans & Ho 2022, sec. 4).
torch::Tensor v_target(const torch::Tensor& x0, const torch::Tensor& eps, const NoiseLevel& level);

/// x_0 = (x_t − √(1 − ᾱ) ε) / √ᾱ: eq. 4 solved for x_0 (Ho et al. 2020, eq. 15).
torch::Tensor x0_from_eps(const torch::Tensor& x_t, const torch::Tensor& eps, double alpha_bar);

/// x_0 = √ᾱ x_t − √(1 − ᾱ) v (Salimans & Ho 2022, appendix D).
torch::Tensor x0_from_v(const torch::Tensor& x_t, const torch::Tensor& v, double alpha_bar);

/// ε = (x_t − √ᾱ x_0) / √(1 − ᾱ): eq. 4 solved for ε.
torch::Tensor eps_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0, double alpha_bar);

/// A sampler's step from noise level ᾱ_t to the lesser ᾱ_s; s = t − 1, or an earlier step of a
/// shortened process; ᾱ_s = 1 for the last.
struct DiffusionStep {
  double alpha_bar_t = 0.0;
  double alpha_bar_s = 1.0;
};

/// q(x_s | x_t, x_0) = N(x0_weight · x_0 + x_t_weight · x_t, variance · I) (Ho et al. 2020, eq.
/// 6-7, with α = ᾱ_t/ᾱ_s and β = 1 − α).
struct PosteriorWeights {
  double x0_weight = 0.0;
  double x_t_weight = 0.0;
  double variance = 0.0;  ///< β̃ = β (1 − ᾱ_s) / (1 − ᾱ_t)
  double beta = 0.0;      ///< 1 − ᾱ_t/ᾱ_s, the other fixed choice of the variance
};
PosteriorWeights posterior_weights(const DiffusionStep& step);

/// One step of ancestral sampling (Ho et al. 2020, algorithm 2; its mean, eq. 11, written with
/// x_0):
///   x_s = posterior mean + √variance · noise, variance = β (large) or β̃; no noise when ᾱ_s = 1.
/// x_t, x0, noise: [N,C,H,W]; noise may be undefined when ᾱ_s = 1.
torch::Tensor ancestral_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                             const torch::Tensor& noise, const DiffusionStep& step,
                             bool large_variance);

/// Standard deviation of the noise that DDIM adds (Song et al. 2021, eq. 16):
///   σ = η √((1 − ᾱ_s)/(1 − ᾱ_t)) √(1 − ᾱ_t/ᾱ_s)
double ddim_sigma(const DiffusionStep& step, double eta);

/// One DDIM step (Song et al. 2021, eq. 12):
///   x_s = √ᾱ_s x_0 + √(1 − ᾱ_s − σ²) ε + σ · noise, ε the noise that x_t and x_0 imply.
/// eta = 0 is deterministic (noise may be undefined); eta = 1 is ancestral sampling with β̃.
torch::Tensor ddim_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                        const torch::Tensor& noise, const DiffusionStep& step, double eta);

}  // namespace assay
