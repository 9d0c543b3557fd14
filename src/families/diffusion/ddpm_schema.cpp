// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/ddpm.h"
#include "families/diffusion/ddpm_choices.h"
#include "families/diffusion/loss_weighting.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"

namespace assay {
namespace {

using std::int64_t;

Schema network_keys() {
  return {
      {.path = "model.layout",
       .default_value = std::string("ddpm"),
       .meaning = "U-Net of Ho et al. 2020, or one with fewer skips and blocks for small budgets",
       .choices = kUNetLayouts.names()},
      {.path = "model.base_channels",
       .default_value = int64_t{32},
       .meaning = "channels of the U-Net before multiplication",
       .minimum = 1,
       .maximum = 4096},
      {.path = "model.multipliers",
       .default_value = std::vector<int64_t>{1, 2, 2},
       .meaning = "one level each, which has base_channels times this many channels",
       .minimum = 1,
       .maximum = 64},
      {.path = "model.blocks",
       .default_value = int64_t{1},
       .meaning = "residual blocks per level on the way down",
       .minimum = 1,
       .maximum = 16},
      {.path = "model.attention_resolutions",
       .default_value = std::vector<int64_t>{},
       .meaning =
           "sides of feature maps whose blocks are followed by attention, besides the middle",
       .unit = "pixels",
       .minimum = 1,
       .maximum = 4096},
      {.path = "model.heads",
       .default_value = int64_t{4},
       .meaning = "heads of attention",
       .minimum = 1,
       .maximum = 64},
      {.path = "model.groups",
       .default_value = int64_t{8},
       .meaning = "groups of group normalisation",
       .minimum = 1,
       .maximum = 1024},
      {.path = "model.space_to_depth",
       .default_value = int64_t{1},
       .meaning = "f: images are folded to f x f times the channels and 1/f of the side",
       .minimum = 1,
       .maximum = 16},
      {.path = "model.dropout",
       .default_value = 0.0,
       .meaning = "dropout in residual blocks",
       .minimum = 0,
       .maximum = 0.99},
  };
}

Schema time_keys() {
  return {
      {.path = "model.time_conditioning",
       .default_value = std::string("film"),
       .meaning = "the time scales and shifts the features, or is added to them",
       .choices = kTimeConditionings.names()},
      {.path = "model.time_embedding",
       .default_value = int64_t{0},
       .meaning = "width of the sinusoidal embedding; 0: twice base_channels",
       .minimum = 0,
       .maximum = 65536},
      {.path = "model.lowest_time_frequency",
       .default_value = 1.0,
       .meaning = "lowest of its frequencies, log-spaced up to 1000; Ho et al. 2020: 0.1",
       .unit = "radians over the whole process",
       .minimum = 1e-6,
       .maximum = 1000},
  };
}

Schema objective_keys() {
  return {
      {.path = "objective.schedule",
       .default_value = std::string("linear"),
       .meaning = "noise schedule: Ho et al. 2020, Nichol & Dhariwal 2021, or Jabri et al. 2022",
       .choices = kNoiseSchedules.names()},
      {.path = "objective.timesteps",
       .default_value = int64_t{1000},
       .meaning = "T, steps of the forward process",
       .minimum = 1,
       .maximum = 100000},
      {.path = "objective.zero_terminal_snr",
       .default_value = false,
       .meaning = "rescale the schedule to end in pure noise (Lin et al. 2023)"},
      {.path = "objective.prediction",
       .default_value = std::string("epsilon"),
       .meaning = "what the network predicts",
       .choices = parameterisations().names()},
      {.path = "objective.time_sampling",
       .default_value = std::string("uniform"),
       .meaning = "times of a batch: independent, or one in each of its equal parts",
       .choices = kTimeSamplings.names()},
  };
}

Schema weighting_keys() {
  const LossWeightingSettings papers;
  return {
      {.path = "objective.weighting",
       .default_value = std::string("simple"),
       .meaning = "what an error counts at each time: all alike; Hang et al. 2023; Choi et al. "
                  "2022; or as in the variational bound",
       .choices = loss_weightings().names()},
      {.path = "objective.min_snr_gamma",
       .default_value = papers.min_snr_gamma,
       .meaning = "signal-to-noise ratio beyond which an estimate of x0 counts no more",
       .minimum = 1e-6,
       .maximum = 1e9,
       .needs = {{"objective.weighting", {"min_snr"}}}},
      {.path = "objective.p2_k",
       .default_value = papers.p2_k,
       .meaning = "k: an error of epsilon counts 1/(k + signal-to-noise ratio)^gamma",
       .minimum = 1e-6,
       .maximum = 1e9,
       .needs = {{"objective.weighting", {"p2"}}}},
      {.path = "objective.p2_gamma",
       .default_value = papers.p2_gamma,
       .meaning = "its gamma; 0 is an even weight of epsilon",
       .minimum = 0,
       .maximum = 10,
       .needs = {{"objective.weighting", {"p2"}}}},
  };
}

Schema sampler_keys() {
  return {
      {.path = "sampler.name",
       .default_value = std::string("ddim"),
       .meaning = "Ho et al. 2020, algorithm 2; Song et al. 2021, eq. 12; DPM-Solver++ of order 2 "
                  "(Lu et al. 2022); or Heun's method (Karras et al. 2022)",
       .choices = samplers().names()},
      {.path = "sampler.steps",
       .default_value = int64_t{50},
       .meaning =
           "steps per sample, of one network evaluation (heun: two, but for the last); 0: all "
           "timesteps",
       .minimum = 0,
       .maximum = 100000},
      {.path = "sampler.spacing",
       .default_value = std::string("even"),
       .meaning = "timesteps that are visited: from last to first, evenly; or as diffusers names "
                  "them",
       .choices = step_spacings().names()},
      {.path = "sampler.eta",
       .default_value = 0.0,
       .meaning = "ddim: share of noise; 0 is deterministic, 1 like ancestral",
       .minimum = 0,
       .maximum = 1,
       .needs = {{"sampler.name", {"ddim"}}}},
      {.path = "sampler.variance",
       .default_value = std::string("large"),
       .meaning = "ancestral: beta, or the posterior's smaller one",
       .choices = kVariances.names(),
       .needs = {{"sampler.name", {"ancestral"}}}},
      {.path = "sampler.clip_x0",
       .default_value = true,
       .meaning = "clamp every estimate of the clean image to [-1,1]"},
  };
}

}  // namespace

Schema ddpm_schema() {
  Schema schema = network_keys();
  for (const auto& more : {time_keys(), objective_keys(), weighting_keys(), sampler_keys()}) {
    schema.insert(schema.end(), more.begin(), more.end());
  }
  return schema;
}

}  // namespace assay
