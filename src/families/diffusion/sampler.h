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
#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/steps.h"

namespace assay {

/// What single samplers take.
struct SamplerSettings {
  double eta = 0.0;            ///< DDIM's share of noise
  bool large_variance = true;  ///< ancestral: β instead of β̃
};

/// The estimate of x_0 that the step before this one had, and its noise level.
struct EarlierEstimate {
  torch::Tensor x0;
  double alpha_bar = 0.0;
};

/// What a sampler's step has to go by; all tensors [N,C,H,W].
struct SamplerStep {
  torch::Tensor x_t;
  torch::Tensor x0;     ///< the estimate at x_t
  torch::Tensor noise;  ///< standard normal; undefined in the last step, and where none is drawn
  DiffusionStep levels;
  std::optional<EarlierEstimate> previous = {};  ///< nothing in the first step
  /// A further evaluation: the estimate at an x_s of the step's lesser noise level. Empty in the
  /// last step.
  std::function<torch::Tensor(const torch::Tensor& x_s)> estimate_at_s = {};
};

/// How x_s follows from x_t.
struct DiffusionSampler {
  std::string_view paper;
  torch::Tensor (*step)(const SamplerStep& step, const SamplerSettings& settings);
  /// Whether its steps add noise; null: never.
  bool (*is_stochastic)(const SamplerSettings& settings) = nullptr;
  /// Of the network, in every step but the last, which takes one.
  std::int64_t evaluations_per_step = 1;
};

/// All of them, by the names that sampler.name takes. A further one is a page beside this one and a
/// line in sampler.cpp.
const Choices<DiffusionSampler>& samplers();

/// How often `steps` steps of a sampler evaluate the network.
std::int64_t network_evaluations(const DiffusionSampler& sampler, std::int64_t steps);

struct DiffusionSamplerOptions {
  NoiseSchedule schedule;
  const DiffusionSampler* sampler = &samplers().at("ddim");
  std::vector<std::int64_t> times;  ///< of `schedule`, falling; the last step leads to no noise
  bool clip_x0 = true;              ///< clamp every estimate of x_0 to [−1,1]
  SamplerSettings settings = {};
  torch::Device device = torch::kCPU;
};

/// What a sampler starts from: x_T and, per sample, the seed of its own noise. Sample i depends on
/// the generator and i alone.
struct DiffusionLatents {
  torch::Tensor x_T;                 ///< [count, C,H,W] f32 on the CPU
  std::vector<std::uint64_t> seeds;  ///< [count]
};
DiffusionLatents draw_diffusion_latents(std::int64_t count, const std::vector<std::int64_t>& shape,
                                        torch::Generator generator);

/// The network's estimate of x_0 from x_t [N,C,H,W] at timestep t.
using X0Estimate = std::function<torch::Tensor(const torch::Tensor& x_t, std::int64_t t)>;

/// Runs the whole sampler from x_T [N,C,H,W] (on options.device) and returns images clamped to
/// [−1,1]. `seeds` holds one seed per sample: its noise comes from a generator of its own, so that
/// neither the batch nor the device changes it.
torch::Tensor run_diffusion_sampler(const torch::Tensor& x_T, std::span<const std::uint64_t> seeds,
                                    const DiffusionSamplerOptions& options,
                                    const X0Estimate& estimate);

}  // namespace assay
