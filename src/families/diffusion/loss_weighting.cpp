// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/loss_weighting.h"

#include <ATen/ATen.h>

namespace assay {
namespace {

using torch::Tensor;

// Of x_0 min(SNR, γ), so of ε min(SNR, γ)/SNR and of v min(SNR, γ)/(SNR + 1) (Hang et al. 2023).
Tensor min_snr(const NoiseAtTime& at, const LossWeightingSettings& settings) {
  return at.snr.clamp_max(settings.min_snr_gamma);
}

// Of ε 1/(k + SNR)^γ, so of x_0 that times SNR (Choi et al. 2022, with λ_t of L_simple).
Tensor p2(const NoiseAtTime& at, const LossWeightingSettings& settings) {
  return at.snr / (settings.p2_k + at.snr).pow(settings.p2_gamma);
}

// The variational bound in nats per value: L_{t-1} = ½ (SNR(t−1) − SNR(t)) ‖x_0 − x̂_0‖² (Ho et al.
// 2020, eq. 12; Kingma et al. 2021, eq. 14), in continuous time −½ dSNR/dt (eq. 15), which is the
// likelihood weighting g² of the score's error (Song et al. 2021, Maximum Likelihood Training, eq.
// 7): −dSNR/dt = α² g²/σ⁴.
Tensor vlb(const NoiseAtTime& at, const LossWeightingSettings&) { return 0.5 * at.snr_fall; }

// (σ² + σ_data²)/(σ σ_data)² of x_0, σ that of x_t/α: 1/σ_data² + SNR; of F it is 1 (Karras et al.
// 2022, sec. 5).
Tensor edm(const NoiseAtTime& at, const LossWeightingSettings& settings) {
  return at.snr + 1.0 / (settings.data_sd * settings.data_sd);
}

constexpr LossWeighting kSimple = {.paper = "Ho et al. 2020, eq. 14"};
constexpr LossWeighting kMinSnr = {.paper = "Hang et al. 2023", .of_x0 = min_snr};
constexpr LossWeighting kP2 = {.paper = "Choi et al. 2022", .of_x0 = p2};
constexpr LossWeighting kVlb = {
    .paper = "Ho et al. 2020, eq. 12", .of_x0 = vlb, .fewest_timesteps = 2};

}  // namespace

const Choices<LossWeighting>& loss_weightings() {
  static const Choices<LossWeighting> all = {
      {"simple", kSimple},
      {"min_snr", kMinSnr},
      {"p2", kP2},
      {"vlb", kVlb},
      {"edm", {.paper = "Karras et al. 2022, table 1", .of_x0 = edm}}};
  return all;
}

const Choices<LossWeighting>& ddpm_loss_weightings() {
  static const Choices<LossWeighting> all = {
      {"simple", kSimple}, {"min_snr", kMinSnr}, {"p2", kP2}, {"vlb", kVlb}};
  return all;
}

torch::Tensor output_weights(const LossWeighting& weighting,
                             const Parameterisation& parameterisation, const Process& process,
                             const torch::Tensor& t, const Level& level,
                             const LossWeightingSettings& settings) {
  if (weighting.of_x0 == nullptr) return {};
  const NoiseAtTime at = {.snr = (level.signal / level.noise).square(),
                          .snr_fall = process.snr_fall(t, level)};
  return (weighting.of_x0(at, settings) * parameterisation.x0_error(level, settings.data_sd))
      .to(at::kFloat);
}

torch::Tensor weighted_squared_errors(const torch::Tensor& predicted, const torch::Tensor& target,
                                      const torch::Tensor& weights) {
  const auto of_examples = at::mse_loss(predicted, target, at::Reduction::None).flatten(1).mean(1);
  return weights.defined() ? weights * of_examples : of_examples;
}

torch::Tensor weighted_squared_error(const torch::Tensor& predicted, const torch::Tensor& target,
                                     const torch::Tensor& weights) {
  if (!weights.defined()) return at::mse_loss(predicted, target);
  return weighted_squared_errors(predicted, target, weights).mean();
}

}  // namespace assay
