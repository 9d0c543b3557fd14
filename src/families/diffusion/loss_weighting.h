// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <string_view>

#include "config/choices.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/process.h"

namespace assay {

/// What single weightings take.
struct LossWeightingSettings {
  double min_snr_gamma = 5.0;  ///< γ of min-SNR: where the signal-to-noise ratio is cut off
  double p2_k = 1.0;           ///< k of P2
  double p2_gamma = 1.0;       ///< γ of P2
  double data_sd = 0.5;        ///< σ_data of EDM
};

/// What a weighting goes by, each [N] f64.
struct NoiseAtTime {
  torch::Tensor snr;       ///< α²/σ²
  torch::Tensor snr_fall;  ///< Process::snr_fall
};

/// How much the squared error of a network's output counts at each time. A weighting is one
/// objective whatever the network predicts: an error of the estimate of x_0 counts the same, and
/// Parameterisation::x0_error converts it. "simple" alone leaves each output's error as it is.
struct LossWeighting {
  std::string_view paper;
  /// What a squared error of x_0 counts, [N] f64, not negative; null: an output's counts 1.
  torch::Tensor (*of_x0)(const NoiseAtTime& at, const LossWeightingSettings& settings) = nullptr;
  std::int64_t fewest_timesteps = 1;  ///< of a grid
};

/// All of them, by the names that objective.weighting takes; each is described where it is defined.
const Choices<LossWeighting>& loss_weightings();

/// The four of them that a definition of family ddpm may name.
const Choices<LossWeighting>& ddpm_loss_weightings();

/// What the squared error of an output counts at the times t, [N] f64, where the process is at
/// `level`: returns [N] f32, or an undefined tensor for 1.
torch::Tensor output_weights(const LossWeighting& weighting,
                             const Parameterisation& parameterisation, const Process& process,
                             const torch::Tensor& t, const Level& level,
                             const LossWeightingSettings& settings);

/// w_t ‖target − predicted‖² of each example, the mean over its values. Shapes as below; [N].
torch::Tensor weighted_squared_errors(const torch::Tensor& predicted, const torch::Tensor& target,
                                      const torch::Tensor& weights);

/// E w_t ‖target − predicted‖², the mean over examples and their values.
/// predicted, target: [N,…]; weights: [N] f32, or undefined for 1. Returns 0-dim.
torch::Tensor weighted_squared_error(const torch::Tensor& predicted, const torch::Tensor& target,
                                     const torch::Tensor& weights);

}  // namespace assay
