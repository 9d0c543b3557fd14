// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/parameterisation.h"

namespace assay {

/// What single weightings take.
struct LossWeightingSettings {
  double min_snr_gamma = 5.0;  ///< γ of min-SNR: where the signal-to-noise ratio is cut off
  double p2_k = 1.0;           ///< k of P2
  double p2_gamma = 1.0;       ///< γ of P2
};

/// How much the squared error of a network's output counts at each timestep. A weighting is one
/// objective whatever the network predicts: an error of the estimate of x_0 counts the same, and
/// Parameterisation::x0_error converts it. "simple" alone leaves each output's error as it is.
struct LossWeighting {
  std::string_view paper;
  /// [T], not negative; empty where every timestep counts 1.
  std::vector<double> (*weights)(const NoiseSchedule& schedule,
                                 const Parameterisation& parameterisation,
                                 const LossWeightingSettings& settings);
  std::int64_t fewest_timesteps = 1;
};

/// All of them, by the names that objective.weighting takes. A further one is a function beside the
/// others' in snr_weightings.cpp, or a page, and a line in loss_weighting.cpp.
const Choices<LossWeighting>& loss_weightings();

/// ᾱ/(1 − ᾱ): the signal's power over the noise's (Kingma et al. 2021, eq. 3).
double signal_to_noise(double alpha_bar);

/// E w_t ‖target − predicted‖², the mean over images and their values.
/// predicted, target: [N,C,H,W]; weights: [T] f32, or undefined for 1; t: [N] i64. Returns 0-dim.
torch::Tensor weighted_squared_error(const torch::Tensor& predicted, const torch::Tensor& target,
                                     const torch::Tensor& weights, const torch::Tensor& t);

}  // namespace assay
