// SPDX-License-Identifier: Apache-2.0
// How samples are drawn: keys of [sampler].
#include <algorithm>

#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/diffusion_keys.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"

namespace assay {
namespace {

using std::int64_t;

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
  const Need langevin = {"sampler.corrector", {"langevin", "annealed_langevin"}};
  return {
      {.path = "sampler.predictor",
       .default_value = std::string("reverse_diffusion"),
       .meaning = "predictor_corrector: how a step is taken (Song et al. 2021)",
       .choices = predictors().names(),
       .needs = {both}},
      {.path = "sampler.corrector",
       .default_value = std::string("langevin"),
       .meaning = "predictor_corrector: what follows at the level it leads to: Langevin dynamics "
                  "in steps by the norms of noise and score, or by the level's noise",
       .choices = correctors().names(),
       .needs = {both}},
      {.path = "sampler.corrector_snr",
       .default_value = 0.16,
       .meaning = "r, signal-to-noise ratio of Langevin dynamics; annealed: step by noise",
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

}  // namespace

Schema ddpm_sampler_keys() {
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

Schema sampler_keys() {
  const std::vector<Need> steps = {{"sampler.name", stepping_samplers()}};
  Schema schema = joined({ddpm_sampler_keys(), churn_keys(), corrector_keys()});
  replace(schema,
          {.path = "sampler.name",
           .default_value = std::string("ddim"),
           .meaning = "Ho et al. 2020, algorithm 2; Song et al. 2021, DDIM; DPM-Solver++ (Lu et "
                      "al. 2022); UniPC (Zhao et al. 2023); Heun's method in the angle of signal "
                      "and noise, or EDM's in their ratio (Karras et al. 2022); solvers of the "
                      "ODE in the process's time, heun2 being Heun's and dopri5 one with steps "
                      "of its own; or predictor and corrector (Song et al. 2021)",
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
                      "2022; edm: between 80 and 0.002 on straight paths) or the log of signal "
                      "over noise on a line",
           .choices = time_spacings().names(),
           .needs = steps});
  replace(schema, {.path = "sampler.clip_x0",
                   .default_value = false,
                   .meaning = "clamp every estimate of the clean image to [-1,1]"});
  schema.push_back(
      {.path = "sampler.last_time",
       .default_value = 0.0,
       .meaning = "the time at which samplers end; 0: the least that is trained on",
       .minimum = 0,
       .maximum = 0.1,
       .needs = {{"objective.timesteps", {"0"}}, {"objective.process", {"vp", "sub_vp", "ot"}}}});
  schema.push_back({.path = "sampler.rho",
                    .default_value = 7.0,
                    .meaning = "rho of spacings karras and edm",
                    .minimum = 1,
                    .maximum = 100,
                    .needs = {{"sampler.spacing", {"karras", "edm"}}}});
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
  schema.push_back({.path = "sampler.denoiser",
                    .default_value = std::string("network"),
                    .meaning = "whose estimates of the clean example samples are made by: the "
                               "network's, or the exact ones of up to 10,000 training points, "
                               "which no network surpasses on them",
                    .choices = kDenoisers.names(),
                    .needs = {{"model.network", {"mlp"}}}});
  return schema;
}

}  // namespace assay
