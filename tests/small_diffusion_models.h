// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/small_family.h"

namespace assay {

/// Of the families ddpm and diffusion.
inline std::vector<SmallFamily> small_diffusion_models() {
  return {
      {"DdpmDdim",
       R"(family = "ddpm"
optimizer.gradient_clip = 1.0
ema.decay = 0.9
model.layout = "compact"
model.base_channels = 16
model.multipliers = [1, 2]
model.space_to_depth = 2
model.dropout = 0.05
objective.schedule = "cosine"
objective.prediction = "v"
objective.time_sampling = "stratified"
sampler.steps = 4
)",
       {1, 8, 8}},
      {"DdpmAncestral",
       R"(family = "ddpm"
model.base_channels = 16
model.multipliers = [1, 2]
model.attention_resolutions = [4]
sampler.name = "ancestral"
sampler.steps = 4
)",
       {1, 8, 8}},
      {"DdpmHeunWeighted",
       R"(family = "ddpm"
ema.decay = 0.9
model.base_channels = 16
model.multipliers = [1, 2]
objective.schedule = "sigmoid"
objective.zero_terminal_snr = true
objective.prediction = "x0"
objective.weighting = "min_snr"
sampler.name = "heun"
sampler.steps = 4
sampler.spacing = "trailing"
)",
       {1, 8, 8}},
      {"DdpmLossSecondMoment",
       R"(family = "ddpm"
model.base_channels = 16
model.multipliers = [1, 2]
objective.schedule = "cosine"
objective.timesteps = 2
objective.time_sampling = "loss_second_moment"
objective.prediction = "v"
sampler.steps = 2
)",
       {1, 8, 8}},
      {"DiffusionEdm",
       R"(family = "diffusion"
ema.decay = 0.9
model.base_channels = 16
model.multipliers = [1, 2]
objective.process = "edm"
objective.prediction = "F"
objective.time_sampling = "log_normal"
sampler.name = "edm_heun"
sampler.spacing = "karras"
sampler.steps = 4
sampler.s_churn = 1.0
)",
       {1, 8, 8}},
      {"LatentDiffusion",
       R"(family = "diffusion"
ema.decay = 0.9
model.first_stage = "stage"
model.layout = "compact"
model.base_channels = 16
model.multipliers = [1]
objective.process = "edm"
objective.prediction = "F"
objective.data_sd = 1.0
objective.time_sampling = "log_normal"
sampler.name = "edm_heun"
sampler.spacing = "karras"
sampler.steps = 4
first_stage.family = "vq_vae"
first_stage.model.channels = 8
first_stage.model.residual_channels = 4
first_stage.model.residual_layers = 1
first_stage.model.codes = 8
first_stage.model.code_dim = 3
)",
       {1, 8, 8}},
      {"DiffusionSubVpCorrected",
       R"(family = "diffusion"
model.base_channels = 16
model.multipliers = [1, 2]
objective.process = "sub_vp"
objective.prediction = "score"
objective.weighting = "vlb"
sampler.name = "predictor_corrector"
sampler.steps = 4
sampler.clip_x0 = true
)",
       {1, 8, 8}},
      {"DiffusionNcsnpp",
       R"(family = "diffusion"
ema.half_life_images = 50
ema.ramp_ratio = 0.5
model.base_channels = 16
model.multipliers = [1, 2]
model.attention_resolutions = [4]
model.up_attention = "last_block"
model.head_channels = 8
model.resample = "biggan"
model.resample_filter = [1, 3, 3, 1]
model.skip_scale = 0.7071067811865476
model.progressive_input = "residual"
model.time_features = "fourier"
objective.process = "ve"
objective.prediction = "score"
sampler.name = "heun"
sampler.steps = 4
)",
       {1, 8, 8}},
      {"DiffusionFlowPoints",
       R"(family = "diffusion"
ema.decay = 0.9
model.network = "mlp"
model.hidden_widths = [32, 32]
model.time_frequencies = 4
objective.process = "ot"
objective.prediction = "velocity"
objective.time_sampling = "stratified"
sampler.name = "dopri5"
sampler.tolerance = 1e-3
)",
       {2}},
      {"DiffusionFlowGuided",
       R"(family = "diffusion"
model.network = "mlp"
model.hidden_widths = [32, 32]
model.conditional = true
objective.process = "ot"
objective.prediction = "velocity"
objective.coupling = "schrodinger_bridge"
objective.path_sd = 0.2
objective.p_uncond = 0.2
sampler.name = "midpoint"
sampler.spacing = "trailing"
sampler.steps = 4
sampler.guidance_scale = 2.0
sampler.guidance_to = 0.8
)",
       {2},
       8},
      {"DiffusionClassifierGuided",
       R"(family = "diffusion"
ema.decay = 0.9
model.base_channels = 16
model.multipliers = [1, 2]
model.classifier = true
objective.prediction = "v"
sampler.name = "dpmpp_2m"
sampler.steps = 4
sampler.classifier_scale = 1.0
sampler.dynamic_threshold = 0.9
)",
       {1, 8, 8},
       8},
      {"DiffusionLearnedVariance",
       R"(family = "diffusion"
model.base_channels = 16
model.multipliers = [1, 2]
model.conditional = true
objective.timesteps = 50
objective.schedule = "cosine"
objective.learned_variance = true
sampler.name = "ancestral"
sampler.steps = 6
)",
       {1, 8, 8},
       8},
      {"DiffusionCrossAttention",
       R"(family = "diffusion"
ema.decay = 0.9
model.base_channels = 16
model.multipliers = [1, 2]
model.attention_resolutions = [4]
model.conditional = true
model.cross_attention = true
objective.prediction = "v"
objective.p_uncond = 0.1
sampler.name = "dpmpp_2m"
sampler.steps = 4
sampler.guidance_scale = 2.0
)",
       {1, 8, 8},
       8},
      {"DiffusionAttributes",
       R"(family = "diffusion"
model.layout = "compact"
model.base_channels = 16
model.multipliers = [1, 2]
model.conditional = true
model.cross_attention = true
model.tokens = "attributes"
objective.process = "ot"
objective.prediction = "velocity"
objective.p_uncond = 0.1
sampler.name = "euler"
sampler.spacing = "trailing"
sampler.steps = 4
)",
       {1, 8, 8}},
      {"DiffusionDit",
       R"(family = "diffusion"
ema.decay = 0.9
model.network = "dit"
model.patch_size = 2
model.depth = 2
model.width = 32
model.conditional = true
objective.timesteps = 50
objective.schedule = "cosine"
objective.prediction = "v"
objective.learned_variance = true
sampler.name = "ancestral"
sampler.steps = 6
)",
       {1, 8, 8},
       8},
      {"DiffusionGridUniPc",
       R"(family = "diffusion"
model.network = "mlp"
model.hidden_widths = [64]
model.activation = "silu"
objective.timesteps = 100
objective.prediction = "x0"
objective.weighting = "p2"
sampler.name = "unipc"
sampler.steps = 6
)",
       {1, 8, 8}},
  };
}

}  // namespace assay
