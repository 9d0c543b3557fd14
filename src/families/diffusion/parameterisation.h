// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "config/choices.h"
#include "families/diffusion/steps.h"

namespace assay {

/// What a diffusion network's output means.
struct Parameterisation {
  std::string_view paper;
  /// What it is trained to give for x_t = q_sample(x0, eps, level).
  torch::Tensor (*target)(const torch::Tensor& x0, const torch::Tensor& eps,
                          const NoiseLevel& level);
  /// The estimate of x_0 that an output at x_t implies.
  torch::Tensor (*x0)(const torch::Tensor& x_t, const torch::Tensor& output, double alpha_bar);
  /// The squared error of that estimate for an output whose squared error is 1.
  double (*x0_error)(double alpha_bar);
  /// Its output says what x_0 is where ᾱ = 0.
  bool needs_no_signal = true;
};

/// All of them, by the names that objective.prediction takes.
const Choices<Parameterisation>& parameterisations();

}  // namespace assay
