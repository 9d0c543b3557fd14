// SPDX-License-Identifier: Apache-2.0
// Weightings that are functions of the signal-to-noise ratio alone.
#include <algorithm>
#include <cmath>

#include "families/diffusion/loss_weighting.h"

namespace assay {
namespace {

// Of x_0 min(SNR, γ), so of ε min(SNR, γ)/SNR and of v min(SNR, γ)/(SNR + 1) (Hang et al. 2023).
std::vector<double> min_snr(const NoiseSchedule& schedule, const Parameterisation& parameterisation,
                            const LossWeightingSettings& settings) {
  std::vector<double> weights;
  for (const double alpha_bar : schedule) {
    weights.push_back(std::min(signal_to_noise(alpha_bar), settings.min_snr_gamma) *
                      parameterisation.x0_error(alpha_bar));
  }
  return weights;
}

// Of ε 1/(k + SNR)^γ, so of x_0 that times SNR (Choi et al. 2022, with λ_t of L_simple).
std::vector<double> p2(const NoiseSchedule& schedule, const Parameterisation& parameterisation,
                       const LossWeightingSettings& settings) {
  std::vector<double> weights;
  for (const double alpha_bar : schedule) {
    const double snr = signal_to_noise(alpha_bar);
    weights.push_back(snr / std::pow(settings.p2_k + snr, settings.p2_gamma) *
                      parameterisation.x0_error(alpha_bar));
  }
  return weights;
}

}  // namespace

LossWeighting min_snr_weighting() { return {.paper = "Hang et al. 2023", .weights = min_snr}; }

LossWeighting p2_weighting() { return {.paper = "Choi et al. 2022", .weights = p2}; }

}  // namespace assay
