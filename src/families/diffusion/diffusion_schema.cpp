// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "families/diffusion/diffusion.h"
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/loss_weighting.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/process.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "families/diffusion/time_distribution.h"

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
       .choices = ddpm_parameterisations().names()},
      {.path = "objective.time_sampling",
       .default_value = std::string("uniform"),
       .meaning = "times of a batch: independent, or one in each of its equal parts",
       .choices = ddpm_time_distributions().names()},
  };
}

Schema weighting_keys() {
  const LossWeightingSettings papers;
  return {
      {.path = "objective.weighting",
       .default_value = std::string("simple"),
       .meaning = "what an error counts at each time: all alike; Hang et al. 2023; Choi et al. "
                  "2022; or as in the variational bound",
       .choices = ddpm_loss_weightings().names()},
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
       .choices = ddpm_samplers().names()},
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

// Puts `key` in the place of the one of its path.
void replace(Schema& schema, const Key& key) {
  *std::find_if(schema.begin(), schema.end(),
                [&](const Key& other) { return other.path == key.path; }) = key;
}

Schema joined(std::initializer_list<Schema> parts) {
  Schema schema;
  for (const auto& part : parts) schema.insert(schema.end(), part.begin(), part.end());
  return schema;
}

// A U-Net's keys, or those of a perceptron.
Schema either_network_keys() {
  const std::vector<Need> mlp = {{"model.network", {"mlp"}}};
  Schema schema = joined({network_keys(), time_keys()});
  for (auto& key : schema) key.needs = {{"model.network", {"unet"}}};
  schema.insert(schema.begin(),
                {.path = "model.network",
                 .default_value = std::string("unet"),
                 .meaning = "the network: a U-Net of images, or a perceptron of points",
                 .choices = {"unet", "mlp"}});
  schema.push_back({.path = "model.hidden_widths",
                    .default_value = std::vector<int64_t>{64, 64, 64},
                    .meaning = "mlp: widths of the hidden layers",
                    .minimum = 1,
                    .maximum = 65536,
                    .needs = mlp});
  schema.push_back({.path = "model.activation",
                    .default_value = std::string("selu"),
                    .meaning = "mlp: what follows each of them",
                    .choices = kActivations.names(),
                    .needs = mlp});
  schema.push_back(
      {.path = "model.time_frequencies",
       .default_value = int64_t{0},
       .meaning = "mlp: frequencies of the sinusoidal features of the time; 0: the time",
       .minimum = 0,
       .maximum = 4096,
       .needs = mlp});
  return schema;
}

Schema process_keys() {
  const Need linear = {"objective.schedule", {"linear"}},
             vp = {"objective.process", {"vp", "sub_vp"}},
             ve = {"objective.process", {"ve", "edm"}};
  return {
      {.path = "objective.process",
       .default_value = std::string("vp"),
       .meaning =
           "how noise joins: variance preserving, sub-VP or exploding (Song et al. 2021), EDM's "
           "(Karras et al. 2022), or straight to it (conditional optimal transport: Lipman et "
           "al. 2023)",
       .choices = continuous_processes().names()},
      {.path = "objective.beta_min",
       .default_value = 0.1,
       .meaning = "linear schedule of continuous time: beta at the data",
       .minimum = 1e-6,
       .maximum = 1000,
       .needs = {vp, linear}},
      {.path = "objective.beta_max",
       .default_value = 20.0,
       .meaning = "its beta at the noise",
       .minimum = 1e-6,
       .maximum = 1000,
       .needs = {vp, linear}},
      {.path = "objective.sigma_min",
       .default_value = 0.0,
       .meaning = "least noise; 0: 0.01 of ve, 0.002 of edm",
       .minimum = 0,
       .maximum = 1e4,
       .needs = {ve}},
      {.path = "objective.sigma_max",
       .default_value = 0.0,
       .meaning = "most noise; 0: 50 of ve, 80 of edm",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {ve}},
      {.path = "objective.data_sd",
       .default_value = 0.5,
       .meaning = "sigma_data of prediction F and weighting edm",
       .minimum = 1e-3,
       .maximum = 1000},
      {.path = "objective.log_noise_mean",
       .default_value = -1.2,
       .meaning = "P_mean: mean of the log of noise over signal",
       .minimum = -20,
       .maximum = 20,
       .needs = {{"objective.time_sampling", {"log_normal"}}}},
      {.path = "objective.log_noise_sd",
       .default_value = 1.2,
       .meaning = "P_std: its standard deviation",
       .minimum = 1e-3,
       .maximum = 20,
       .needs = {{"objective.time_sampling", {"log_normal"}}}},
  };
}

Schema general_objective_keys() {
  Schema schema = joined({process_keys(), objective_keys(), weighting_keys()});
  replace(schema,
          {.path = "objective.schedule",
           .default_value = std::string("linear"),
           .meaning = "vp, sub_vp: Ho et al. 2020 (in continuous time Song et al. 2021), Nichol "
                      "& Dhariwal 2021, or Jabri et al. 2022",
           .choices = kNoiseSchedules.names(),
           .needs = {{"objective.process", {"vp", "sub_vp"}}}});
  replace(schema, {.path = "objective.timesteps",
                   .default_value = int64_t{0},
                   .meaning = "vp: T, steps of the forward process; 0: time is continuous",
                   .minimum = 0,
                   .maximum = 100000});
  replace(schema, {.path = "objective.zero_terminal_snr",
                   .default_value = false,
                   .meaning = "rescale the schedule to end in pure noise (Lin et al. 2023)",
                   .needs = {{"objective.timesteps"}}});
  replace(schema, {.path = "objective.prediction",
                   .default_value = std::string("epsilon"),
                   .meaning = "what the network predicts; F is EDM's, between skip and output",
                   .choices = parameterisations().names()});
  replace(schema,
          {.path = "objective.time_sampling",
           .default_value = std::string("uniform"),
           .meaning = "times of a batch: independent, one in each of its equal parts, or with "
                      "normal logarithms of the noise (Karras et al. 2022)",
           .choices = time_distributions().names()});
  replace(schema,
          {.path = "objective.weighting",
           .default_value = std::string("simple"),
           .meaning = "what an error counts at each time: all alike; Hang et al. 2023; Choi et "
                      "al. 2022; as in the variational bound; or as Karras et al. 2022",
           .choices = loss_weightings().names()});
  return schema;
}

Schema churn_keys() {
  const std::vector<Need> heun = {{"sampler.name", {"edm_heun"}}}, churn = {{"sampler.s_churn"}};
  return {
      {.path = "sampler.s_churn",
       .default_value = 0.0,
       .meaning = "edm_heun: noise that is added over all steps; 0: deterministic",
       .minimum = 0,
       .maximum = 1e6,
       .needs = heun},
      {.path = "sampler.s_tmin",
       .default_value = 0.0,
       .meaning = "least noise at which it is added",
       .minimum = 0,
       .maximum = 1e6,
       .needs = churn},
      {.path = "sampler.s_tmax",
       .default_value = 1e6,
       .meaning = "most noise at which it is added",
       .minimum = 0,
       .maximum = 1e6,
       .needs = churn},
      {.path = "sampler.s_noise",
       .default_value = 1.0,
       .meaning = "its standard deviation over what the raised level asks for",
       .minimum = 0,
       .maximum = 10,
       .needs = churn},
  };
}

Schema corrector_keys() {
  const Need both = {"sampler.name", {"predictor_corrector"}};
  const Need langevin = {"sampler.corrector", {"langevin"}};
  return {
      {.path = "sampler.predictor",
       .default_value = std::string("reverse_diffusion"),
       .meaning = "predictor_corrector: how a step is taken (Song et al. 2021)",
       .choices = predictors().names(),
       .needs = {both}},
      {.path = "sampler.corrector",
       .default_value = std::string("langevin"),
       .meaning = "predictor_corrector: what follows at the level it leads to",
       .choices = correctors().names(),
       .needs = {both}},
      {.path = "sampler.corrector_snr",
       .default_value = 0.16,
       .meaning = "r, signal-to-noise ratio of Langevin dynamics",
       .minimum = 1e-6,
       .maximum = 10,
       .needs = {both, langevin}},
      {.path = "sampler.corrector_steps",
       .default_value = int64_t{1},
       .meaning = "its steps at each level",
       .minimum = 1,
       .maximum = 1000,
       .needs = {both, langevin}},
  };
}

// All but those that choose their own steps.
std::vector<std::string> stepping_samplers() {
  std::vector<std::string> names = samplers().names();
  std::erase_if(names, [](const auto& name) { return samplers().at(name).solve != nullptr; });
  return names;
}

Schema general_sampler_keys() {
  const std::vector<Need> steps = {{"sampler.name", stepping_samplers()}};
  Schema schema = joined({sampler_keys(), churn_keys(), corrector_keys()});
  replace(schema,
          {.path = "sampler.name",
           .default_value = std::string("ddim"),
           .meaning = "Ho et al. 2020, algorithm 2; Song et al. 2021, DDIM; DPM-Solver++ (Lu et "
                      "al. 2022); UniPC (Zhao et al. 2023); Heun's method in the angle of signal "
                      "and noise, or EDM's in their ratio (Karras et al. 2022); solvers of the "
                      "ODE in the process's time, dopri5 with steps of its own; or predictor "
                      "and corrector (Song et al. 2021)",
           .choices = samplers().names()});
  replace(schema, {.path = "sampler.steps",
                   .default_value = int64_t{50},
                   .meaning = "steps per sample; 0: all timesteps",
                   .minimum = 0,
                   .maximum = 100000,
                   .needs = steps});
  replace(schema,
          {.path = "sampler.spacing",
           .default_value = std::string("uniform"),
           .meaning = "times that are visited: on a line to the least noise, or in equal steps to "
                      "none; or with the time's root, the noise's power 1/rho (Karras et al. "
                      "2022) or the log of signal over noise on a line",
           .choices = time_spacings().names(),
           .needs = steps});
  replace(schema, {.path = "sampler.clip_x0",
                   .default_value = false,
                   .meaning = "clamp every estimate of the clean image to [-1,1]"});
  schema.push_back({.path = "sampler.rho",
                    .default_value = 7.0,
                    .meaning = "rho of spacing karras",
                    .minimum = 1,
                    .maximum = 100,
                    .needs = {{"sampler.spacing", {"karras"}}}});
  schema.push_back({.path = "sampler.order",
                    .default_value = int64_t{2},
                    .meaning = "unipc: of its predictor; the corrector's is one more",
                    .minimum = 1,
                    .maximum = 3,
                    .needs = {{"sampler.name", {"unipc"}}}});
  schema.push_back({.path = "sampler.tolerance",
                    .default_value = 1e-5,
                    .meaning = "dopri5: of a step's error, relative and absolute",
                    .minimum = 1e-12,
                    .maximum = 1,
                    .needs = {{"sampler.name", {"dopri5"}}}});
  return schema;
}

}  // namespace

Schema ddpm_schema() {
  return joined({network_keys(), time_keys(), objective_keys(), weighting_keys(), sampler_keys()});
}

Schema diffusion_schema() {
  return joined({either_network_keys(), general_objective_keys(), general_sampler_keys()});
}

}  // namespace assay
