// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "config/choices.h"
#include "families/diffusion/process.h"

namespace assay {

/// What a diffusion network's output means. Levels broadcast over examples: [N,1,…] of their type,
/// or 0-dim f64; `data_sd` is σ_data, which F alone looks at.
struct Parameterisation {
  std::string_view paper;
  /// What the output is trained to be for x_t = q_sample(x0, eps, level).
  torch::Tensor (*target)(const torch::Tensor& x0, const torch::Tensor& eps, const Level& level,
                          double data_sd);
  /// The estimate of x_0 that an output at x_t implies.
  torch::Tensor (*x0)(const torch::Tensor& x_t, const torch::Tensor& output, const Level& level,
                      double data_sd);
  /// The squared error of that estimate for an output whose squared error is 1. level: f64 [N].
  torch::Tensor (*x0_error)(const Level& level, double data_sd);
  /// The output says what x_0 is where no signal is left.
  bool needs_no_signal = true;
  /// It is made of dα/dt and dσ/dt, which a grid does not have.
  bool needs_slopes = false;
  /// What the network sees of x_t; null: x_t itself.
  torch::Tensor (*input)(const torch::Tensor& x_t, const Level& level, double data_sd) = nullptr;
};

/// All of them, by the names that objective.prediction takes:
///   epsilon   ε (Ho et al. 2020, eq. 14)
///   v         α ε − σ x_0 (Salimans & Ho 2022, sec. 4)
///   x0        x_0
///   score     σ ∇log q(x_t|x_0) = −ε: a score that is the output over σ (Song et al. 2021)
///   F         (x_0 − c_skip x_t)/c_out of c_in x_t, which has unit variance at every level (Karras
///             et al. 2022, eq. 7 and table 1, for x_t/α with σ/α)
///   velocity  dx/ds = −α' x_0 − σ' ε, s = 1 − t from noise to data (Lipman et al. 2023, eq. 23)
const Choices<Parameterisation>& parameterisations();

/// The three of them that a definition of family ddpm may name.
const Choices<Parameterisation>& ddpm_parameterisations();

}  // namespace assay
