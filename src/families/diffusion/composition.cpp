// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/composition.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "families/diffusion/conditioning.h"
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/step_spacing.h"
#include "families/refuse.h"
#include "nn/blocks/time_mlp.h"

namespace assay {
namespace {

bool has_fourier_features(const Definition& definition) {
  return !is_ddpm(definition) && kTimeFeatures.of(definition, "model.time_features");
}

// 0: none.
double fourier_scale(const Definition& definition) {
  return has_fourier_features(definition) ? definition.number("model.fourier_scale") : 0.0;
}

}  // namespace

bool is_ddpm(const Definition& definition) { return definition.family == "ddpm"; }

bool says(const Definition& definition, std::string_view path) {
  return definition.has(path) && definition.boolean(path);
}

double number_or_none(const Definition& definition, std::string_view path) {
  return definition.has(path) ? definition.number(path) : 0.0;
}

bool has_unet(const Definition& definition) {
  return is_ddpm(definition) || definition.text("model.network") == "unet";
}

bool has_dit(const Definition& definition) {
  return !is_ddpm(definition) && definition.text("model.network") == "dit";
}

bool tells_attributes(const Definition& definition) {
  return says(definition, "model.cross_attention") && kToldTokens.of(definition, "model.tokens");
}

bool has_point_source(const Definition& definition) {
  return !is_ddpm(definition) && definition.text("objective.source") != "noise";
}

bool has_exact_denoiser(const Definition& definition) {
  return !is_ddpm(definition) && kDenoisers.of(definition, "sampler.denoiser");
}

UNetOptions unet_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  const auto& shape = args.example_shape;
  if (shape.size() != 3 || shape[1] != shape[2]) {
    const std::string remedy = is_ddpm(definition)
                                   ? "set dataset.size, or take family diffusion for points"
                                   : "set dataset.size, or model.network = \"mlp\" for points";
    throw Error(fmt::format("{}: {} needs square images; {}", definition.name,
                            is_ddpm(definition) ? "ddpm" : "model.network = \"unet\"", remedy));
  }
  UNetOptions options;
  options.channels = shape[0];
  options.image_size = shape[1];
  options.base_channels = definition.integer("model.base_channels");
  options.multipliers = definition.integers("model.multipliers");
  options.blocks = definition.integer("model.blocks");
  options.attention_resolutions = definition.integers("model.attention_resolutions");
  options.heads = definition.integer("model.heads");
  options.head_channels = definition.integer("model.head_channels");
  options.attention_in_last_up_block_only = kUpAttentions.of(definition, "model.up_attention");
  options.groups = definition.integer("model.groups");
  options.space_to_depth = definition.integer("model.space_to_depth");
  options.dropout = definition.number("model.dropout");
  options.conditioning = kTimeConditionings.of(definition, "model.time_conditioning");
  options.time_embedding = definition.integer("model.time_embedding");
  options.lowest_time_frequency = definition.number("model.lowest_time_frequency");
  options.highest_time_frequency = definition.number("model.highest_time_frequency");
  options.fourier_scale = fourier_scale(definition);
  options.layout = kUNetLayouts.of(definition, "model.layout");
  options.resample = kUNetResamples.of(definition, "model.resample");
  options.resample_filter = definition.integers("model.resample_filter");
  options.skip_scale = definition.number("model.skip_scale");
  options.progressive_input = kProgressiveInputs.of(definition, "model.progressive_input");
  options.classes = told_classes(args);
  const auto tokens = told_tokens(args);
  options.token_entries = std::accumulate(tokens.begin(), tokens.end(), std::int64_t{0});
  options.tokens = static_cast<std::int64_t>(tokens.size());
  options.outputs = says(definition, "objective.learned_variance") ? 2 : 1;
  const auto misfit = unet_misfit(options);
  if (!misfit.empty()) throw Error(fmt::format("{}: [model]: {}", definition.name, misfit));
  return options;
}

TimeMlpOptions mlp_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  TimeMlpOptions options;
  options.example_shape = args.example_shape;
  options.widths = definition.integers("model.hidden_widths");
  options.activation = kActivations.of(definition, "model.activation");
  options.time_frequencies = definition.integer("model.time_frequencies");
  options.fourier_scale = fourier_scale(definition);
  refuse_if(options.fourier_scale > 0.0 && options.time_frequencies == 0, definition,
            "model.time_features = \"fourier\" needs a number of them; set "
            "model.time_frequencies, 64 say");
  options.classes = told_classes(args);
  return options;
}

DiTOptions dit_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  DiTOptions options;
  options.example_shape = args.example_shape;
  options.patch_size = definition.integer("model.patch_size");
  options.depth = definition.integer("model.depth");
  options.width = definition.integer("model.width");
  options.heads = definition.integer("model.heads");
  options.mlp_ratio = definition.number("model.mlp_ratio");
  const auto embedding = definition.integer("model.time_embedding");
  if (embedding > 0) options.time_embedding = embedding;
  options.lowest_time_frequency = definition.number("model.lowest_time_frequency");
  options.highest_time_frequency = definition.number("model.highest_time_frequency");
  options.fourier_scale = fourier_scale(definition);
  options.classes = told_classes(args);
  options.outputs = says(definition, "objective.learned_variance") ? 2 : 1;
  const auto misfit = dit_misfit(options);
  refuse_if(!misfit.empty(), definition,
            fmt::format("model.network = \"dit\": {}; see model.patch_size, model.width and "
                        "dataset.size",
                        misfit));
  return options;
}

std::shared_ptr<DenoisingNetwork> denoising_network(const ModelArgs& args) {
  std::shared_ptr<DenoisingNetwork> network;
  if (has_unet(args.definition)) {
    network = std::make_shared<UNetImpl>(unet_options(args));
  } else if (has_dit(args.definition)) {
    network = std::make_shared<DiTImpl>(dit_options(args));
  } else {
    network = std::make_shared<TimeMlpImpl>(mlp_options(args));
  }
  network->to(args.device);
  return network;
}

std::unique_ptr<Process> process_of(const Definition& definition, torch::Device device) {
  const auto timesteps = definition.integer("objective.timesteps");
  const auto& schedule = kNoiseSchedules.of(definition, "objective.schedule");
  if (timesteps > 0) {
    const auto on_grid = schedule.on_grid({.timesteps = timesteps,
                                           .beta_start = definition.number("objective.beta_start"),
                                           .beta_end = definition.number("objective.beta_end")});
    return grid_process(definition.boolean("objective.zero_terminal_snr")
                            ? with_zero_terminal_snr(on_grid)
                            : on_grid,
                        device);
  }
  return continuous_processes()
      .of(definition, "objective.process")
      .make({.schedule = schedule.in_time.value(),
             .beta_min = definition.number("objective.beta_min"),
             .beta_max = definition.number("objective.beta_max"),
             .sigma_min = definition.number("objective.sigma_min"),
             .sigma_max = definition.number("objective.sigma_max"),
             .tells_log_noise = has_fourier_features(definition),
             .least_time = definition.number("objective.least_time"),
             .sampled_until = definition.number("sampler.last_time")});
}

LossWeightingSettings weighting_settings(const Definition& definition) {
  LossWeightingSettings settings = {.min_snr_gamma = definition.number("objective.min_snr_gamma"),
                                    .p2_k = definition.number("objective.p2_k"),
                                    .p2_gamma = definition.number("objective.p2_gamma")};
  if (!is_ddpm(definition)) settings.data_sd = definition.number("objective.data_sd");
  return settings;
}

TimeSettings time_settings(const Definition& definition) {
  if (is_ddpm(definition)) return {};
  return {.mean = definition.number("objective.log_noise_mean"),
          .sd = definition.number("objective.log_noise_sd")};
}

SamplerSettings sampler_settings(const Definition& definition) {
  SamplerSettings settings;
  settings.eta = definition.number("sampler.eta");
  settings.large_variance = kVariances.of(definition, "sampler.variance");
  if (is_ddpm(definition)) return settings;
  settings.s_churn = definition.number("sampler.s_churn");
  settings.s_tmin = definition.number("sampler.s_tmin");
  settings.s_tmax = definition.number("sampler.s_tmax");
  settings.s_noise = definition.number("sampler.s_noise");
  settings.order = definition.integer("sampler.order");
  settings.predictor = predictors().of(definition, "sampler.predictor");
  settings.corrector = correctors().of(definition, "sampler.corrector");
  settings.corrector_snr = definition.number("sampler.corrector_snr");
  settings.corrector_steps = definition.integer("sampler.corrector_steps");
  settings.tolerance = definition.number("sampler.tolerance");
  return settings;
}

std::int64_t sampler_steps(const Definition& definition) {
  const auto steps = definition.integer("sampler.steps");
  return steps == 0 ? definition.integer("objective.timesteps") : steps;
}

std::vector<double> sampler_times(const Definition& definition, const Process& process) {
  const auto steps = sampler_steps(definition);
  if (!is_ddpm(definition)) {
    return time_spacings().of(definition, "sampler.spacing")(process, steps,
                                                             definition.number("sampler.rho"));
  }
  std::vector<double> times;
  const auto spacing = step_spacings().of(definition, "sampler.spacing");
  for (const auto i : spacing(process.timesteps(), steps)) {
    times.push_back(static_cast<double>(i) / static_cast<double>(process.timesteps()));
  }
  return times;
}

SamplerOptions sampler_options(const Definition& definition, const Process& process) {
  SamplerOptions options;
  options.process = &process;
  options.sampler = &samplers().of(definition, "sampler.name");
  options.settings = sampler_settings(definition);
  if (options.sampler->solve == nullptr) options.times = sampler_times(definition, process);
  return options;
}

GuidanceOptions guidance_options(const Definition& definition) {
  if (!says(definition, "model.conditional")) return {};
  return {.scale = definition.number("sampler.guidance_scale"),
          .from = definition.number("sampler.guidance_from"),
          .to = definition.number("sampler.guidance_to")};
}

std::int64_t network_evaluations(const Definition& definition) {
  const torch::NoGradGuard no_grad;
  const auto process = process_of(definition, torch::kCPU);
  std::int64_t examples = 0;
  const auto nothing =
      classifier_free(counted([](const torch::Tensor& x, const torch::Tensor&,
                                 const Condition&) { return Estimate{.x0 = at::zeros_like(x)}; },
                              examples),
                      guidance_options(definition));
  const std::vector<std::uint64_t> seeds = {0};
  run_sampler(at::zeros({1, 1}), seeds, sampler_options(definition, *process), nothing);
  return examples;
}

}  // namespace assay
