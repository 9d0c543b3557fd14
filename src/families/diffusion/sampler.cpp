// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "families/sampling.h"

namespace assay {

// Each is described where it is defined.
Sampler dpm_solver_2m_sampler(), dpm_solver_2s_sampler(), dpm_solver_3m_sampler(), heun_sampler(),
    edm_heun_sampler(), euler_sampler(), midpoint_sampler(), heun2_sampler(), dopri5_sampler(),
    predictor_corrector_sampler(), unipc_sampler();

namespace {

constexpr std::size_t kEarlierSteps = 3;
constexpr std::int64_t kValuesPerTask = 1 << 15;  // of noise: less is not worth a second thread

// The next draw of every sample's generator.
torch::Tensor draw_noise(std::vector<torch::Generator>& generators, const torch::Tensor& like) {
  const auto device = like.device();
  auto noise =
      at::empty(like.sizes(), at::TensorOptions(at::kFloat).pinned_memory(device.is_cuda()));
  const auto samples = static_cast<std::int64_t>(generators.size());
  const auto samples_per_task = std::max<std::int64_t>(1, kValuesPerTask * samples / like.numel());
  at::parallel_for(0, samples, samples_per_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      noise[i].normal_(0.0, 1.0, generators[static_cast<std::size_t>(i)]);
    }
  });
  return noise.to(device, /*non_blocking=*/device.is_cuda());
}

torch::Tensor ancestral(SamplerState& state, const SamplerSettings& settings) {
  const auto x0 = state.now().x0, share = state.now().variance_share;
  const auto noise = state.last ? torch::Tensor() : state.noise();
  if (state.last || !share.defined()) {
    return ancestral_step(state.x, x0, noise, state.step, settings.large_variance);
  }
  return ancestral_step(state.x, x0, noise, state.step, share);
}

torch::Tensor ddim(SamplerState& state, const SamplerSettings& settings) {
  const bool draws = !state.last && settings.eta > 0.0;
  const auto x0 = state.now().x0;
  return ddim_step(state.x, x0, draws ? state.noise() : torch::Tensor(), state.step, settings.eta);
}

bool always(const SamplerSettings&) { return true; }
bool by_eta(const SamplerSettings& settings) { return settings.eta > 0.0; }

std::vector<torch::Generator> generators_of(std::span<const std::uint64_t> seeds,
                                            const SamplerOptions& options) {
  std::vector<torch::Generator> generators;
  const auto is_stochastic = options.sampler->is_stochastic;
  if (is_stochastic == nullptr || !is_stochastic(options.settings)) return generators;
  for (const auto seed : seeds) generators.push_back(generator_of_sample(seed));
  return generators;
}

void begin_step(SamplerState& state, std::size_t i, const std::vector<double>& times) {
  state.last = i + 1 == times.size();
  state.index = static_cast<std::int64_t>(i);
  state.t = times[i];
  state.s = state.last ? 0.0 : times[i + 1];
  state.step = {.from = state.process->at(state.t),
                .to = state.last ? kClean : state.process->at(state.s)};
  state.asked.reset();
}

void keep_step(SamplerState& state) {
  if (!state.asked) return;
  state.earlier.insert(state.earlier.begin(), {state.x, state.asked->x0, state.step.from});
  if (state.earlier.size() > kEarlierSteps) state.earlier.pop_back();
}

constexpr Sampler kAncestral = {
    .paper = "Ho et al. 2020, algorithm 2", .step = ancestral, .is_stochastic = always};
constexpr Sampler kDdim = {
    .paper = "Song et al. 2021, eq. 12", .step = ddim, .is_stochastic = by_eta};

}  // namespace

const Choices<Sampler>& samplers() {
  static const Choices<Sampler> all = {{"ancestral", kAncestral},
                                       {"ddim", kDdim},
                                       {"dpmpp_2m", dpm_solver_2m_sampler()},
                                       {"dpmpp_2s", dpm_solver_2s_sampler()},
                                       {"dpmpp_3m", dpm_solver_3m_sampler()},
                                       {"unipc", unipc_sampler()},
                                       {"heun", heun_sampler()},
                                       {"edm_heun", edm_heun_sampler()},
                                       {"euler", euler_sampler()},
                                       {"midpoint", midpoint_sampler()},
                                       {"heun2", heun2_sampler()},
                                       {"dopri5", dopri5_sampler()},
                                       {"predictor_corrector", predictor_corrector_sampler()}};
  return all;
}

const Choices<Sampler>& ddpm_samplers() {
  static const Choices<Sampler> all = {{"ancestral", kAncestral},
                                       {"ddim", kDdim},
                                       {"dpmpp_2m", dpm_solver_2m_sampler()},
                                       {"heun", heun_sampler()}};
  return all;
}

const Estimate& SamplerState::now() {
  if (!asked) asked = denoise(x, t);
  return *asked;
}

DiffusionLatents draw_diffusion_latents(std::int64_t count, const std::vector<std::int64_t>& shape,
                                        torch::Generator generator) {
  auto sizes = shape;
  sizes.insert(sizes.begin(), count);
  DiffusionLatents latents{.noise = at::empty(sizes, at::kFloat), .seeds = {}};
  auto* source = generator.get<at::CPUGeneratorImpl>();
  for (std::int64_t i = 0; i < count; ++i) {
    latents.noise[i].normal_(0.0, 1.0, generator);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    latents.seeds.push_back(source->random64());
  }
  return latents;
}

torch::Tensor run_sampler(const torch::Tensor& noise, std::span<const std::uint64_t> seeds,
                          const SamplerOptions& options, const Denoiser& denoiser,
                          const Condition& condition) {
  const auto& process = *options.process;
  const auto x_T = process.prior_sd() * noise;
  if (options.sampler->solve != nullptr) {
    return options.sampler->solve(x_T, process, denoiser, condition, options.settings.tolerance);
  }
  auto generators = generators_of(seeds, options);
  SamplerState state{.x = x_T,
                     .step = {},
                     .steps = static_cast<std::int64_t>(options.times.size()),
                     .process = &process};
  state.denoise = [&](const torch::Tensor& x, double time) {
    return denoiser(x, at::scalar_tensor(time, at::kDouble), condition);
  };
  state.noise = [&] { return draw_noise(generators, state.x); };
  for (std::size_t i = 0; i < options.times.size(); ++i) {
    begin_step(state, i, options.times);
    auto next = options.sampler->step(state, options.settings);
    if (options.watch) options.watch(state, next);
    keep_step(state);
    state.x = std::move(next);
  }
  return state.x;
}

}  // namespace assay
