// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "families/diffusion/process.h"

namespace assay {

/// x_t = α x_0 + σ ε (Ho et al. 2020, eq. 4). x0, eps: [N,…]; level: [N,1,…] or 0-dim.
torch::Tensor q_sample(const torch::Tensor& x0, const torch::Tensor& eps, const Level& level);

/// v = α ε − σ x_0, the target of v-prediction (Salimans & Ho 2022, sec. 4).
torch::Tensor v_target(const torch::Tensor& x0, const torch::Tensor& eps, const Level& level);

/// x_0 = (x_t − σ ε)/α: eq. 4 solved for x_0 (Ho et al. 2020, eq. 15).
torch::Tensor x0_from_eps(const torch::Tensor& x_t, const torch::Tensor& eps, const Level& level);

/// x_0 = (α x_t − σ v)/(α² + σ²) (Salimans & Ho 2022, appendix D).
torch::Tensor x0_from_v(const torch::Tensor& x_t, const torch::Tensor& v, const Level& level);

/// ε = (x_t − α x_0)/σ: eq. 4 solved for ε.
torch::Tensor eps_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0, const Marginal& level);

/// ∇log q(x_t) = (α x_0 − x_t)/σ², x_0 the estimate E[x_0|x_t] (Song et al. 2021).
torch::Tensor score_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0,
                            const Marginal& level);

/// dx/dt = α' x_0 + σ' ε of the probability-flow ODE, x_0 the estimate at x_t and ε what it
/// implies.
torch::Tensor slope_from_x0(const torch::Tensor& x_t, const torch::Tensor& x0,
                            const Marginal& level);

/// A sampler's step from a level to a less noisy one; kClean for the last.
struct DiffusionStep {
  Marginal from;
  Marginal to = kClean;
};

/// q(x_s|x_t, x_0) = N(x0_weight · x_0 + x_t_weight · x_t, variance · I) of the chain
/// x_t = signal_ratio · x_s + √beta · noise (Ho et al. 2020, eq. 6-7; for any α and σ Kingma et al.
/// 2021, appendix A).
struct PosteriorWeights {
  double x0_weight = 0.0;   ///< α_s beta/σ_t²
  double x_t_weight = 0.0;  ///< signal_ratio σ_s²/σ_t²
  double variance = 0.0;    ///< β̃ = beta σ_s²/σ_t²
  double beta = 0.0;  ///< σ_t² − signal_ratio² σ_s²: the other fixed choice of the variance
  double signal_ratio = 0.0;  ///< α_t/α_s
};
PosteriorWeights posterior_weights(const DiffusionStep& step);

/// One step of ancestral sampling (Ho et al. 2020, algorithm 2; its mean, eq. 11, written with
/// x_0):
///   x_s = posterior mean + √variance · noise, variance = β (large) or β̃; no noise at the last.
/// x_t, x0, noise: [N,…]; noise may be undefined in a step to kClean.
torch::Tensor ancestral_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                             const torch::Tensor& noise, const DiffusionStep& step,
                             bool large_variance);
/// The same with a learned variance, log variance = share · log β + (1 − share) · log β̃ (Nichol &
/// Dhariwal 2021, eq. 15). share: [N,…].
torch::Tensor ancestral_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                             const torch::Tensor& noise, const DiffusionStep& step,
                             const torch::Tensor& variance_share);

/// Standard deviation of the noise that DDIM adds (Song et al. 2021, eq. 16): η √β̃.
double ddim_sigma(const DiffusionStep& step, double eta);

/// One DDIM step (Song et al. 2021, eq. 12):
///   x_s = α_s x_0 + √(σ_s² − ς²) ε + ς · noise, ε the noise that x_t and x_0 imply, ς ddim_sigma.
/// eta = 0 is deterministic (noise may be undefined); eta = 1 is ancestral sampling with β̃.
torch::Tensor ddim_step(const torch::Tensor& x_t, const torch::Tensor& x0,
                        const torch::Tensor& noise, const DiffusionStep& step, double eta);

}  // namespace assay
