// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <string_view>

#include "config/choices.h"
#include "families/diffusion/process.h"
#include "nn/noise.h"

namespace assay {

/// What single distributions take.
struct TimeSettings {
  double mean = -1.2;  ///< P_mean of log_normal
  double sd = 1.2;     ///< P_std
};

/// At which times a batch of N is trained.
struct TimeDistribution {
  std::string_view paper;
  /// [N] f64 on the batch's device, times of the process. `options`: f32 on that device. Null: by
  /// the losses of training so far, on a grid (LossHistory).
  torch::Tensor (*draw)(const Process& process, std::int64_t n, const Noise& noise,
                        const torch::TensorOptions& options,
                        const TimeSettings& settings) = nullptr;
  bool needs_inverse = false;  ///< Process::time_of_log_noise
};

/// All of them, by the names that objective.time_sampling takes:
///   uniform       independent, between the process's last and first time
///   stratified    one draw in each of N equal parts: the same expectation with less variance
///                 (after the low-discrepancy times of Kingma et al. 2021)
///   loss_second_moment
///                 by the root of the mean square of each timestep's last losses, which are weighed
///                 to keep their mean (Nichol & Dhariwal 2021, sec. 3.3): loss_history.h
///   log_normal    log(σ/α) normal, past the process's ends too (Karras et al. 2022, table 1); on
///                 straight paths it is log t/(1 − t) (Esser et al. 2024, eq. 19)
const Choices<TimeDistribution>& time_distributions();

/// The three of them that a definition of family ddpm may name: those of a grid.
const Choices<TimeDistribution>& ddpm_time_distributions();

/// t_i = ⌊T u_i⌋, independent. u: [N] f32 uniform in [0,1). Returns [N] i64.
torch::Tensor uniform_timesteps(const torch::Tensor& u, std::int64_t timesteps);

/// t_i = ⌊T (i + u_i)/N⌋: one draw in each of N equal parts. u: [N] f32 uniform in [0,1). Returns
/// [N] i64.
torch::Tensor stratified_timesteps(const torch::Tensor& u, std::int64_t timesteps);

}  // namespace assay
