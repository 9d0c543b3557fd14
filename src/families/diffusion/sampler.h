// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <functional>
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

/// How x_s follows from x_t and the estimate of x_0, all [N,C,H,W].
struct DiffusionSampler {
  std::string_view paper;
  /// noise: standard normal; undefined in the last step, and where none is drawn.
  torch::Tensor (*step)(const torch::Tensor& x_t, const torch::Tensor& x0,
                        const torch::Tensor& noise, const DiffusionStep& step,
                        const SamplerSettings& settings);
  /// Whether its steps add noise.
  bool (*is_stochastic)(const SamplerSettings& settings);
};

/// All of them, by the names that sampler.name takes.
const Choices<DiffusionSampler>& samplers();

struct DiffusionSamplerOptions {
  NoiseSchedule schedule;
  const DiffusionSampler* sampler = &samplers().at("ddim");
  std::int64_t steps = 20;
  bool clip_x0 = true;  ///< clamp every estimate of x_0 to [−1,1]
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
