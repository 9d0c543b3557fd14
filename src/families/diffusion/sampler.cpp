// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "families/sampling.h"

namespace assay {
namespace {

// One generator per sample, each asked in turn.
torch::Tensor draw_noise(std::vector<torch::Generator>& generators, const torch::Tensor& like) {
  auto noise = at::empty(like.sizes(), at::kFloat);
  for (std::size_t i = 0; i < generators.size(); ++i) {
    noise[static_cast<std::int64_t>(i)].normal_(0.0, 1.0, generators[i]);
  }
  return noise.to(like.device());
}

torch::Tensor ancestral(const SamplerStep& step, const SamplerSettings& settings) {
  return ancestral_step(step.x_t, step.x0, step.noise, step.levels, settings.large_variance);
}

torch::Tensor ddim(const SamplerStep& step, const SamplerSettings& settings) {
  return ddim_step(step.x_t, step.x0, step.noise, step.levels, settings.eta);
}

bool always(const SamplerSettings&) { return true; }
bool by_eta(const SamplerSettings& settings) { return settings.eta > 0.0; }

}  // namespace

// Each is described where it is defined.
DiffusionSampler dpm_solver_2m_sampler(), heun_sampler();

const Choices<DiffusionSampler>& samplers() {
  static const Choices<DiffusionSampler> all = {
      {"ancestral", {"Ho et al. 2020, algorithm 2", ancestral, always}},
      {"ddim", {"Song et al. 2021, eq. 12", ddim, by_eta}},
      {"dpmpp_2m", dpm_solver_2m_sampler()},
      {"heun", heun_sampler()}};
  return all;
}

std::int64_t network_evaluations(const DiffusionSampler& sampler, std::int64_t steps) {
  return (steps - 1) * sampler.evaluations_per_step + 1;
}

DiffusionLatents draw_diffusion_latents(std::int64_t count, const std::vector<std::int64_t>& shape,
                                        torch::Generator generator) {
  auto sizes = shape;
  sizes.insert(sizes.begin(), count);
  DiffusionLatents latents{.x_T = at::empty(sizes, at::kFloat), .seeds = {}};
  auto* source = generator.get<at::CPUGeneratorImpl>();
  for (std::int64_t i = 0; i < count; ++i) {
    latents.x_T[i].normal_(0.0, 1.0, generator);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    latents.seeds.push_back(source->random64());
  }
  return latents;
}

torch::Tensor run_diffusion_sampler(const torch::Tensor& x_T, std::span<const std::uint64_t> seeds,
                                    const DiffusionSamplerOptions& options,
                                    const X0Estimate& estimate) {
  const auto& times = options.times;
  const auto& settings = options.settings;
  const auto clipped = [&](const torch::Tensor& x, std::int64_t t) {
    const auto x0 = estimate(x, t);
    return options.clip_x0 ? x0.clamp(-1.0, 1.0) : x0;
  };
  std::vector<torch::Generator> generators;
  const auto is_stochastic = options.sampler->is_stochastic;
  if (is_stochastic != nullptr && is_stochastic(settings)) {
    for (const auto seed : seeds) generators.push_back(generator_of_sample(seed));
  }
  const auto level = [&](std::size_t i) {
    return options.schedule[static_cast<std::size_t>(times[i])];
  };
  std::optional<EarlierEstimate> previous;
  auto x = x_T;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const bool last = i + 1 == times.size();
    SamplerStep step{.x_t = x,
                     .x0 = clipped(x, times[i]),
                     .noise = {},
                     .levels = {.alpha_bar_t = level(i), .alpha_bar_s = last ? 1.0 : level(i + 1)},
                     .previous = previous};
    if (!last) {
      if (!generators.empty()) step.noise = draw_noise(generators, x);
      step.estimate_at_s = [&](const torch::Tensor& x_s) { return clipped(x_s, times[i + 1]); };
    }
    x = options.sampler->step(step, settings);
    previous = {.x0 = step.x0, .alpha_bar = step.levels.alpha_bar_t};
  }
  return x.clamp(-1.0, 1.0);
}

}  // namespace assay
