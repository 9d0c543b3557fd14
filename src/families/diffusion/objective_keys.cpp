// SPDX-License-Identifier: Apache-2.0
// What a diffusion model is trained for: keys of [objective].
#include "families/diffusion/coupling.h"
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/diffusion_keys.h"
#include "families/diffusion/loss_weighting.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/point_source.h"
#include "families/diffusion/process.h"
#include "families/diffusion/time_distribution.h"

namespace assay {
namespace {

using std::int64_t;

Schema grid_keys() {
  const Need scaled = {"objective.schedule", {"scaled_linear"}};
  return {
      {.path = "objective.schedule",
       .default_value = std::string("linear"),
       .meaning = "noise schedule: Ho et al. 2020, Nichol & Dhariwal 2021, Jabri et al. 2022, or "
                  "Rombach et al. 2022",
       .choices = kNoiseSchedules.names()},
      {.path = "objective.beta_start",
       .default_value = GridSettings{}.beta_start,
       .meaning = "scaled_linear: beta of the first timestep; its root rises on a line",
       .minimum = 1e-9,
       .maximum = 0.999,
       .needs = {scaled}},
      {.path = "objective.beta_end",
       .default_value = GridSettings{}.beta_end,
       .meaning = "its beta of the last timestep",
       .minimum = 1e-9,
       .maximum = 0.999,
       .needs = {scaled}},
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
       .meaning = "times of a batch: independent, one in each of its equal parts, or each timestep "
                  "as often as its last losses are large, which then count less (Nichol & Dhariwal "
                  "2021)",
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
      {.path = "objective.least_time",
       .default_value = 0.0,
       .meaning = "continuous vp, sub_vp, ot: the time of the least noise that is trained on, and "
                  "that exact likelihoods begin at; 0: 0.001 (Song et al. 2021, code: 0.00001, and "
                  "sampler.last_time = 0.001)",
       .minimum = 0,
       .maximum = 0.1,
       .needs = {{"objective.timesteps", {"0"}}, {"objective.process", {"vp", "sub_vp", "ot"}}}},
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

Schema coupling_keys() {
  const std::vector<Need> straight = {{"objective.process", {"ot"}}};
  return {
      {.path = "objective.coupling",
       .default_value = std::string("independent"),
       .meaning = "ot: which noise of a batch an example is joined to: that of its place, of the "
                  "least total distance, or of an entropic plan (Tong et al. 2024: I-CFM, OT-CFM, "
                  "SB-CFM). Plans are over all classes together, so that with model.conditional "
                  "the noise of a class is not N(0, I), and its samples are skewed",
       .choices = couplings().names(),
       .needs = straight},
      {.path = "objective.path_sd",
       .default_value = 0.0,
       .meaning = "ot: sigma of the paths, or of schrodinger_bridge's bridges",
       .minimum = 0,
       .maximum = 100,
       .needs = straight},
  };
}

Schema variance_keys() {
  return {
      {.path = "objective.learned_variance",
       .default_value = false,
       .meaning = "the network also says the variance of a step, between beta and the posterior's "
                  "(Nichol & Dhariwal 2021)",
       .needs = {{"objective.timesteps"}}},
      {.path = "objective.vlb_weight",
       .default_value = 1e-3,
       .meaning = "lambda of L_hybrid: weight of the variational bound, which trains that alone",
       .unit = "1 / (bits per value)",
       .minimum = 0,
       .maximum = 1000,
       .needs = {{"objective.learned_variance"}}},
  };
}

}  // namespace

Schema ddpm_objective_keys() { return joined({grid_keys(), weighting_keys()}); }

Schema objective_keys() {
  Schema schema = joined({process_keys(), grid_keys(), weighting_keys(), coupling_keys(),
                          source_keys(), variance_keys()});
  replace(schema,
          {.path = "objective.schedule",
           .default_value = std::string("linear"),
           .meaning = "vp, sub_vp: Ho et al. 2020 (in continuous time Song et al. 2021), Nichol "
                      "& Dhariwal 2021, Jabri et al. 2022, or, of timesteps, Rombach et al. 2022",
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
           .meaning = "times of a batch: independent, one in each of its equal parts, each "
                      "timestep of a grid as often as its last losses are large, which then count "
                      "less (Nichol & Dhariwal 2021), or with normal logarithms of the noise "
                      "(Karras et al. 2022)",
           .choices = time_distributions().names()});
  replace(schema,
          {.path = "objective.weighting",
           .default_value = std::string("simple"),
           .meaning = "what an error counts at each time: all alike; Hang et al. 2023; Choi et "
                      "al. 2022; as in the variational bound; or as Karras et al. 2022",
           .choices = loss_weightings().names()});
  return schema;
}

}  // namespace assay
