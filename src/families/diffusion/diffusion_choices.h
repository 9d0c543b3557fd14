// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "config/choices.h"
#include "families/diffusion/noise_schedule.h"
#include "nn/blocks/unet.h"

namespace assay {

inline const Choices<UNetLayout> kUNetLayouts = {{"ddpm", UNetLayout::kDdpm},
                                                 {"compact", UNetLayout::kCompact}};
inline const Choices<UNetResample> kUNetResamples = {{"conv", UNetResample::kConvolution},
                                                     {"residual", UNetResample::kResidual},
                                                     {"biggan", UNetResample::kProjected}};
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
inline const Choices<NoiseSchedule (*)(std::int64_t)> kNoiseSchedules = {
    {"linear", linear_schedule}, {"cosine", cosine_schedule}, {"sigmoid", sigmoid_schedule}};
/// Whether it is the larger one.
inline const Choices<bool> kVariances = {{"large", true}, {"small", false}};
/// Of the perceptron's hidden layers.
inline const Choices<torch::Tensor (*)(const torch::Tensor&)> kActivations = {
    {"selu", torch::selu}, {"silu", torch::silu}, {"relu", torch::relu}};

}  // namespace assay
