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

torch::Tensor ancestral(const torch::Tensor& x_t, const torch::Tensor& x0,
                        const torch::Tensor& noise, const DiffusionStep& step,
                        const SamplerSettings& settings) {
  return ancestral_step(x_t, x0, noise, step, settings.large_variance);
}

torch::Tensor ddim(const torch::Tensor& x_t, const torch::Tensor& x0, const torch::Tensor& noise,
                   const DiffusionStep& step, const SamplerSettings& settings) {
  return ddim_step(x_t, x0, noise, step, settings.eta);
}

bool always(const SamplerSettings&) { return true; }
bool by_eta(const SamplerSettings& settings) { return settings.eta > 0.0; }

}  // namespace

const Choices<DiffusionSampler>& samplers() {
  static const Choices<DiffusionSampler> all = {
      {"ancestral", {"Ho et al. 2020, algorithm 2", ancestral, always}},
      {"ddim", {"Song et al. 2021, eq. 12", ddim, by_eta}}};
  return all;
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
  const auto& schedule = options.schedule;
  const auto times = sampler_timesteps(static_cast<std::int64_t>(schedule.size()), options.steps);
  std::vector<torch::Generator> generators;
  if (options.sampler->is_stochastic(options.settings)) {
    for (const auto seed : seeds) generators.push_back(generator_of_sample(seed));
  }
  auto x = x_T;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const bool last = i + 1 == times.size();
    const DiffusionStep step{
        .alpha_bar_t = schedule[static_cast<std::size_t>(times[i])],
        .alpha_bar_s = last ? 1.0 : schedule[static_cast<std::size_t>(times[i + 1])]};
    auto x0 = estimate(x, times[i]);
    if (options.clip_x0) x0 = x0.clamp(-1.0, 1.0);
    torch::Tensor noise;
    if (!generators.empty() && !last) noise = draw_noise(generators, x);
    x = options.sampler->step(x, x0, noise, step, options.settings);
  }
  return x.clamp(-1.0, 1.0);
}

}  // namespace assay
