// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "families/diffusion/denoiser.h"
#include "families/diffusion/process.h"
#include "families/diffusion/steps.h"

namespace assay {

struct SamplerState;

/// Moves to the level of the step's end by what the score at the step's beginning says, noise
/// included; null in a table: stays where it is.
using Predictor = torch::Tensor (*)(SamplerState& state);
/// Moves x about at its level `at`, time t.
struct Corrector {
  torch::Tensor (*move)(SamplerState& state, const torch::Tensor& x, double snr) = nullptr;
};

/// What single samplers take.
struct SamplerSettings {
  double eta = 0.0;            ///< ddim: share of noise
  bool large_variance = true;  ///< ancestral: β instead of β̃
  double s_churn = 0.0;        ///< edm_heun: S_churn, S_tmin, S_tmax and S_noise
  double s_tmin = 0.0, s_tmax = 1e9, s_noise = 1.0;
  std::int64_t order = 2;            ///< unipc
  Predictor predictor = nullptr;     ///< predictor_corrector
  Corrector corrector = {};          ///< predictor_corrector
  double corrector_snr = 0.16;       ///< r of the corrector's step
  std::int64_t corrector_steps = 1;  ///< a level
  double tolerance = 1e-5;           ///< dopri5: relative and absolute
};

/// A step that lies behind: the estimate that it was made with, and where it began.
struct EarlierStep {
  torch::Tensor x, x0;
  Marginal level;
};

/// Where a sampler is, and what it may ask. All tensors [N,…].
struct SamplerState {
  torch::Tensor x;  ///< x_t; what a sampler puts here is what the next one finds as EarlierStep::x
  double t = 1.0, s = 0.0;  ///< times of the step's ends; s has no meaning in the last step
  DiffusionStep step;       ///< their levels
  bool last = false;        ///< the step leads to kClean
  std::int64_t index = 0;   ///< of the step
  std::int64_t steps = 1;   ///< of the whole grid
  std::vector<EarlierStep> earlier = {};  ///< newest first, at most three
  const Process* process = nullptr;
  std::function<Estimate(const torch::Tensor& x, double time)> denoise = {};
  /// Standard normal; each call is the next draw of every sample's own generator.
  std::function<torch::Tensor()> noise = {};

  /// The estimate at x_t and t, asked for once a step.
  const Estimate& now();
  std::optional<Estimate> asked = {};
};

/// How x_s follows from x_t.
struct Sampler {
  std::string_view paper;
  torch::Tensor (*step)(SamplerState& state, const SamplerSettings& settings) = nullptr;
  /// Whether its steps draw noise; null: never.
  bool (*is_stochastic)(const SamplerSettings& settings) = nullptr;
  /// It looks between the times of its grid, or at slopes: time must be continuous.
  bool continuous_only = false;
  bool divides_by_signal = false;  ///< it cannot begin where no signal is left
  /// Takes steps of its own from the first time to the last, instead of `step`.
  torch::Tensor (*solve)(const torch::Tensor& x, const Process& process, const Denoiser& denoiser,
                         const Condition& condition, double tolerance) = nullptr;
};

/// All of them, by the names that sampler.name takes. A further one is a page in samplers/ and a
/// line in sampler.cpp.
const Choices<Sampler>& samplers();
/// The four of them that a definition of family ddpm may name.
const Choices<Sampler>& ddpm_samplers();

/// By the names that sampler.predictor and sampler.corrector take.
const Choices<Predictor>& predictors();
const Choices<Corrector>& correctors();

struct SamplerOptions {
  const Process* process = nullptr;
  const Sampler* sampler = nullptr;
  std::vector<double> times;  ///< of the process, falling; the last step leads to kClean
  SamplerSettings settings = {};
  /// Called after each step of a grid with where it began and where it led. May be empty.
  std::function<void(const SamplerState& from, const torch::Tensor& to)> watch = {};
};

/// What a sampler starts from: noise and, per sample, the seed of its own noise. Sample i depends
/// on the generator and i alone.
struct DiffusionLatents {
  torch::Tensor noise;               ///< [count,…] standard normal f32 on the CPU
  std::vector<std::uint64_t> seeds;  ///< [count]
};
DiffusionLatents draw_diffusion_latents(std::int64_t count, const std::vector<std::int64_t>& shape,
                                        torch::Generator generator);

/// Runs the whole sampler from standard normal `noise` [N,…], which the process's prior_sd scales.
/// `seeds` holds one seed per sample: its noise comes from a generator of its own, so that neither
/// the batch nor the device changes it; it is drawn on the CPU's threads while the device computes.
/// Returns examples as the process leaves them, unclamped.
torch::Tensor run_sampler(const torch::Tensor& noise, std::span<const std::uint64_t> seeds,
                          const SamplerOptions& options, const Denoiser& denoiser,
                          const Condition& condition = {});

}  // namespace assay
