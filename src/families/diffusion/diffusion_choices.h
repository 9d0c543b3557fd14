// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <optional>

#include "config/choices.h"
#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/process.h"
#include "nn/blocks/unet.h"

namespace assay {

inline const Choices<UNetLayout> kUNetLayouts = {{"ddpm", UNetLayout::kDdpm},
                                                 {"compact", UNetLayout::kCompact}};
inline const Choices<UNetResample> kUNetResamples = {{"conv", UNetResample::kConvolution},
                                                     {"residual", UNetResample::kResidual},
                                                     {"biggan", UNetResample::kProjected},
                                                     {"pooling", UNetResample::kPooling}};
/// Whether they are the data set's factors.
inline const Choices<bool> kToldTokens = {{"class", false}, {"attributes", true}};
/// Whether only a level's last one.
inline const Choices<bool> kUpAttentions = {{"every_block", false}, {"last_block", true}};
/// Whether there is one.
inline const Choices<bool> kProgressiveInputs = {{"none", false}, {"residual", true}};
inline const Choices<TimeConditioning> kTimeConditionings = {
    {"film", TimeConditioning::kFilm}, {"additive", TimeConditioning::kAdditive}};
/// Whether by Gaussian Fourier features.
inline const Choices<bool> kTimeFeatures = {{"sinusoidal", false}, {"fourier", true}};
struct GridSettings {
  std::int64_t timesteps = 1000;
  double beta_start = 0.0015, beta_end = 0.0195;  ///< of scaled_linear
};
/// A schedule in both of its forms.
struct ScheduleChoice {
  NoiseSchedule (*on_grid)(const GridSettings&);
  std::int64_t fewest_timesteps = 1;       ///< that the grid is made of
  std::optional<VpSchedule> in_time = {};  ///< none: there is no formula of continuous time
};
inline const Choices<ScheduleChoice> kNoiseSchedules = {
    {"linear",
     {[](const GridSettings& grid) { return linear_schedule(grid.timesteps); }, 21,
      VpSchedule::kLinear}},
    {"cosine",
     {[](const GridSettings& grid) { return cosine_schedule(grid.timesteps); }, 1,
      VpSchedule::kCosine}},
    {"sigmoid",
     {[](const GridSettings& grid) { return sigmoid_schedule(grid.timesteps); }, 1,
      VpSchedule::kSigmoid}},
    {"scaled_linear",
     {[](const GridSettings& grid) {
        return scaled_linear_schedule(grid.timesteps, grid.beta_start, grid.beta_end);
      },
      2}}};
/// Whether it is the larger one.
inline const Choices<bool> kVariances = {{"large", true}, {"small", false}};
/// Whether it is that of the training points (exact_denoiser.h).
inline const Choices<bool> kDenoisers = {{"network", false}, {"exact", true}};
/// Of the perceptron's hidden layers.
inline const Choices<torch::Tensor (*)(const torch::Tensor&)> kActivations = {
    {"selu", torch::selu}, {"silu", torch::silu}, {"relu", torch::relu}};

}  // namespace assay
