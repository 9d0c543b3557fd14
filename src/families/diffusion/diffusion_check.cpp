// SPDX-License-Identifier: Apache-2.0
// What a definition may not compose, and what it says of its samples.
#include <fmt/format.h>

#include <algorithm>

#include "families/diffusion/composition.h"
#include "families/diffusion/coupling.h"
#include "families/diffusion/diffusion.h"
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/latent_diffusion.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/step_spacing.h"
#include "families/refuse.h"

namespace assay {
namespace {

void check_grid(const Definition& definition) {
  const auto timesteps = definition.integer("objective.timesteps");
  const auto steps = definition.integer("sampler.steps");
  const auto& schedule = definition.text("objective.schedule");
  const auto fewest_of_schedule = kNoiseSchedules.at(schedule).fewest_timesteps;
  refuse_if(timesteps < fewest_of_schedule, definition,
            fmt::format("objective.timesteps = {} is too short for a {} schedule; take {} or "
                        "more, or objective.schedule = \"cosine\"",
                        timesteps, schedule, fewest_of_schedule));
  const double start = definition.number("objective.beta_start");
  const double end = definition.number("objective.beta_end");
  refuse_if(start > end, definition,
            fmt::format("objective.beta_start = {} is above objective.beta_end = {}", start, end));
  const auto& weighting = definition.text("objective.weighting");
  const auto fewest = loss_weightings().at(weighting).fewest_timesteps;
  refuse_if(timesteps < fewest, definition,
            fmt::format("objective.weighting = \"{}\" needs objective.timesteps of {} or more",
                        weighting, fewest));
  refuse_if(steps > timesteps, definition,
            fmt::format("sampler.steps = {} exceeds objective.timesteps = {}", steps, timesteps));
  refuse_if(definition.boolean("objective.zero_terminal_snr") && timesteps < 2, definition,
            "objective.zero_terminal_snr = true needs objective.timesteps of 2 or more");
}

void check_zero_terminal_snr(const Definition& definition) {
  if (!definition.boolean("objective.zero_terminal_snr")) return;
  const auto& prediction = definition.text("objective.prediction");
  refuse_if(!parameterisations().at(prediction).needs_no_signal, definition,
            fmt::format("objective.zero_terminal_snr = true leaves nothing but noise at the last "
                        "timestep, where objective.prediction = \"{}\" does not say what the image "
                        "is; take \"v\" or \"x0\"",
                        prediction));
  const auto process = process_of(definition, torch::kCPU);
  const auto times = sampler_times(definition, *process);
  refuse_if(
      times.front() < process->first_time(), definition,
      fmt::format("objective.zero_terminal_snr = true makes noise of the last timestep alone, "
                  "and sampler.spacing = \"{}\" begins before it; take \"trailing\"",
                  definition.text("sampler.spacing")));
}

// What a grid has none of.
void check_continuity(const Definition& definition) {
  const auto& process = definition.text("objective.process");
  refuse_if(process != "vp", definition,
            fmt::format("objective.timesteps is of objective.process = \"vp\", not \"{}\"; leave "
                        "it out",
                        process));
  const auto continuous = [&](bool wants, std::string_view key) {
    refuse_if(wants, definition,
              fmt::format("{} = \"{}\" needs continuous time; set objective.timesteps = 0", key,
                          definition.text(key)));
  };
  continuous(parameterisations().of(definition, "objective.prediction").needs_slopes,
             "objective.prediction");
  continuous(time_distributions().of(definition, "objective.time_sampling").needs_inverse,
             "objective.time_sampling");
  continuous(samplers().of(definition, "sampler.name").continuous_only, "sampler.name");
  continuous(time_spacings().of(definition, "sampler.spacing").begins_later, "sampler.spacing");
}

// What cannot begin where no signal is left.
void check_beginning(const Definition& definition, const std::string& cause) {
  const auto& prediction = definition.text("objective.prediction");
  refuse_if(!parameterisations().at(prediction).needs_no_signal, definition,
            fmt::format("{} begins with nothing but noise, where objective.prediction = \"{}\" "
                        "does not say what the example is; take \"velocity\", \"v\", \"x0\" or "
                        "\"F\"",
                        cause, prediction));
  const auto& sampler = definition.text("sampler.name");
  refuse_if(samplers().at(sampler).divides_by_signal, definition,
            fmt::format("{} begins with nothing but noise, and sampler.name = \"{}\" divides by "
                        "the signal; take \"euler\", \"heun\" or \"dpmpp_2m\"",
                        cause, sampler));
  const auto& spacing = definition.text("sampler.spacing");
  const bool on_grid = definition.integer("objective.timesteps") > 0;
  refuse_if(time_spacings().at(spacing).needs_signal, definition,
            fmt::format("{} begins with nothing but noise, and sampler.spacing = \"{}\" needs a "
                        "ratio of signal to noise; take \"trailing\"{}",
                        cause, spacing, on_grid ? "" : " or \"edm\""));
}

void check_continuous(const Definition& definition) {
  const auto& name = definition.text("objective.process");
  const auto& process = continuous_processes().at(name);
  const auto& times = definition.text("objective.time_sampling");
  refuse_if(definition.boolean("objective.zero_terminal_snr"), definition,
            "objective.zero_terminal_snr = true is of a grid; set objective.timesteps");
  const auto& schedule = definition.text("objective.schedule");
  refuse_if(
      !kNoiseSchedules.at(schedule).in_time, definition,
      fmt::format("objective.schedule = \"{}\" is of a grid; set objective.timesteps", schedule));
  refuse_if(time_distributions().at(times).needs_inverse && !process.inverts_log_noise, definition,
            fmt::format("objective.time_sampling = \"{}\" is of objective.process = \"edm\", "
                        "\"ve\" or \"ot\", not \"{}\"",
                        times, name));
  refuse_if(time_distributions().at(times).draw == nullptr, definition,
            fmt::format("objective.time_sampling = \"{}\" remembers the losses of a grid's "
                        "timesteps; set objective.timesteps",
                        times));
  const auto& spacing = definition.text("sampler.spacing");
  refuse_if(time_spacings().at(spacing).begins_later && !process.reaches_pure_noise, definition,
            fmt::format("sampler.spacing = \"{}\" is for paths that begin with nothing but noise, "
                        "objective.process = \"ot\"; take \"karras\" for \"{}\"",
                        spacing, name));
  const auto made = process_of(definition, torch::kCPU);
  const double until = definition.number("sampler.last_time");
  refuse_if(until > 0.0 && until < made->last_time(), definition,
            fmt::format("sampler.last_time = {} is less than the least time that is trained on, "
                        "{}; raise it, or set objective.least_time",
                        until, made->last_time()));
  refuse_if(definition.integer("sampler.steps") == 0, definition,
            "sampler.steps = 0 means all timesteps, and there are none; set sampler.steps");
  const double least = definition.number("objective.sigma_min");
  const double largest = definition.number("objective.sigma_max");
  refuse_if(least > 0.0 && largest > 0.0 && least >= largest, definition,
            fmt::format("objective.sigma_min = {} is not below objective.sigma_max = {}", least,
                        largest));
  if (process.reaches_pure_noise) {
    check_beginning(definition, fmt::format("objective.process = \"{}\"", name));
  }
}

void check_times(const Definition& definition) {
  if (samplers().of(definition, "sampler.name").solve != nullptr) return;
  const auto process = process_of(definition, torch::kCPU);
  const auto times = sampler_times(definition, *process);
  const auto repeated = std::adjacent_find(times.begin(), times.end(), std::less_equal<>());
  refuse_if(repeated != times.end(), definition,
            fmt::format("sampler.spacing = \"{}\" names a timestep twice in {} steps; take fewer "
                        "sampler.steps, or \"uniform\"",
                        definition.text("sampler.spacing"), times.size()));
}

// Whether it carries N(0, I) to the data in unit time.
bool is_transport(const Definition& d) {
  return d.integer("objective.timesteps") == 0 &&
         continuous_processes().of(d, "objective.process").reaches_pure_noise;
}

// A sampler's settings that leave it nothing to do.
void check_sampler(const Definition& d) {
  refuse_if(d.text("sampler.name") == "predictor_corrector" &&
                d.text("sampler.predictor") == "none" && d.text("sampler.corrector") == "none",
            d,
            "sampler.predictor and sampler.corrector are both \"none\", so that samples would stay "
            "the noise that they begin with; set one of them");
  refuse_if(d.number("sampler.s_tmin") > d.number("sampler.s_tmax"), d,
            fmt::format("sampler.s_tmin = {} is above sampler.s_tmax = {}, which leaves no noise "
                        "to churn at",
                        d.number("sampler.s_tmin"), d.number("sampler.s_tmax")));
}

// Of points that noise alone was added to.
void check_exact_denoiser(const Definition& d) {
  if (!has_exact_denoiser(d)) return;
  const auto unlike = [&](bool is, std::string_view what) {
    refuse_if(is, d,
              fmt::format("sampler.denoiser = \"exact\" knows points and normal noise that was "
                          "drawn beside them, and {}; leave one of them out",
                          what));
  };
  unlike(says(d, "model.conditional"), "model.conditional tells a class");
  unlike(d.text("objective.coupling") != "independent", "objective.coupling pairs them");
  unlike(is_on(d, "objective.path_sd"), "objective.path_sd adds more of it along the path");
  unlike(has_point_source(d), "objective.source begins elsewhere");
}

// Only weights over evenly drawn times, or times that the weights are divided by, are the bound.
void check_bound(const Definition& d) {
  refuse_if(d.text("objective.weighting") == "vlb" &&
                time_distributions().of(d, "objective.time_sampling").needs_inverse,
            d,
            fmt::format("objective.weighting = \"vlb\" is the variational bound of evenly drawn "
                        "times, and objective.time_sampling = \"{}\" draws others; take "
                        "\"uniform\" or \"stratified\"",
                        d.text("objective.time_sampling")));
}

void check_guidance(const Definition& d) {
  refuse_if(d.number("objective.p_uncond") >= 1.0, d,
            "objective.p_uncond = 1 drops the class of every example, so that the network never "
            "learns one; take less, 0.1 say, or model.conditional = false");
  refuse_if(d.number("sampler.guidance_scale") != 1.0 && d.number("objective.p_uncond") == 0.0, d,
            "sampler.guidance_scale needs a network that knows examples without a class; set "
            "objective.p_uncond, 0.1 say");
  refuse_if(d.number("sampler.guidance_from") > d.number("sampler.guidance_to"), d,
            fmt::format("sampler.guidance_from = {} is above sampler.guidance_to = {}, which "
                        "leaves no time to guide at",
                        d.number("sampler.guidance_from"), d.number("sampler.guidance_to")));
  refuse_if(d.boolean("model.classifier") && has_dit(d), d,
            "model.classifier = true has no transformer to classify by; take model.network = "
            "\"unet\", or model.conditional with sampler.guidance_scale");
  refuse_if(
      d.boolean("model.classifier") && tells_attributes(d), d,
      "model.classifier = true asks samples for classes and model.tokens = \"attributes\" for "
      "factors; leave one of them out");
  if (!is_on(d, "sampler.classifier_scale")) return;
  refuse_if(is_transport(d) || d.boolean("objective.zero_terminal_snr"), d,
            "sampler.classifier_scale moves estimates by sigma^2/alpha, and sampling begins where "
            "no signal is left; take another objective.process, or model.conditional with "
            "sampler.guidance_scale");
}

// Whether its sampler, as it is set up, adds noise on the way.
bool draws_noise(const Definition& d) {
  const auto& sampler = samplers().of(d, "sampler.name");
  return sampler.is_stochastic != nullptr && sampler.is_stochastic(sampler_settings(d));
}

// Noise that depends on the example leaves the ODE's velocity what it is, but no score.
void check_coupling(const Definition& d) {
  const auto& coupling = d.text("objective.coupling");
  const bool wide = is_on(d, "objective.path_sd");
  refuse_if(couplings().at(coupling).bridge && !wide, d,
            fmt::format("objective.coupling = \"{}\" needs the sd of its bridges; set "
                        "objective.path_sd, 0.1 say",
                        coupling));
  if (coupling == "independent" && !wide && !has_point_source(d)) return;
  const std::string cause =
      has_point_source(d) ? fmt::format("objective.source = \"{}\"", d.text("objective.source"))
      : wide              ? std::string("objective.path_sd")
                          : fmt::format("objective.coupling = \"{}\"", coupling);
  refuse_if(d.text("objective.prediction") != "velocity", d,
            fmt::format("{} is of a velocity; set objective.prediction = \"velocity\"", cause));
  refuse_if(draws_noise(d), d,
            fmt::format("{} leaves no score, which sampler.name = \"{}\" as it is set up draws "
                        "noise by; take \"euler\", \"midpoint\", \"heun2\" or \"dopri5\"",
                        cause, d.text("sampler.name")));
}

bool is_of_images(const Definition& d) { return has_unet(d) || has_dit(d); }

void check_learned_variance(const Definition& d) {
  if (!d.boolean("objective.learned_variance")) return;
  refuse_if(!is_of_images(d), d,
            "objective.learned_variance = true needs model.network = \"unet\" or \"dit\": a "
            "perceptron has no second output");
  refuse_if(d.integer("objective.timesteps") < 2, d,
            "objective.learned_variance = true is of a grid's steps; set objective.timesteps");
}

void leave_out_what_one_step_has_no_use_for(std::int64_t steps, Protocol& protocol) {
  if (steps > 1) return;
  // The last step adds no noise, and it is the only one.
  protocol.erase("sampler.eta");
  protocol.erase("sampler.variance");
}

}  // namespace

void check_ddpm(const Definition& definition) {
  check_grid(definition);
  check_zero_terminal_snr(definition);
}

void check_diffusion(const Definition& definition) {
  refuse_if(!is_of_images(definition) && definition.integers("model.hidden_widths").empty(),
            definition,
            "model.hidden_widths is empty, and a perceptron needs a layer; set [64, 64]");
  check_first_stage(definition);
  check_sampler(definition);
  check_exact_denoiser(definition);
  check_bound(definition);
  check_guidance(definition);
  check_coupling(definition);
  check_learned_variance(definition);
  if (definition.integer("objective.timesteps") == 0) {
    check_continuous(definition);
  } else {
    check_grid(definition);
    check_continuity(definition);
    check_zero_terminal_snr(definition);
    if (definition.boolean("objective.zero_terminal_snr")) {
      check_beginning(definition, "objective.zero_terminal_snr = true");
    }
  }
  check_times(definition);
}

Capabilities diffusion_capabilities(const Definition& d) {
  const auto timesteps = d.integer("objective.timesteps");
  const bool attributes = tells_attributes(d);
  Capabilities can{
      .conditional = (says(d, "model.conditional") && !attributes) || says(d, "model.classifier"),
      .denoises = true,
      .flows = timesteps == 0 && !has_point_source(d),
      .paths = is_transport(d) && samplers().of(d, "sampler.name").solve == nullptr &&
               !draws_noise(d) && !time_spacings().of(d, "sampler.spacing").begins_later,
      .attributes = attributes};
  if (d.first_stage) {
    can.flows = can.paths = false;
    can.trains_alone = "each seed has a first stage of its own";
    return can;
  }
  if (timesteps < 2) return can;
  const bool learned = says(d, "objective.learned_variance");
  can.likelihood =
      fmt::format("{}, {} variance", is_of_images(d) ? "discretised_gaussian" : "gaussian",
                  learned ? "learned" : d.text("sampler.variance"));
  return can;
}

void describe_ddpm_sampling(const Definition& definition, std::int64_t, Protocol& protocol) {
  const auto steps = sampler_steps(definition);
  protocol["sampler.steps"] = std::to_string(steps);
  protocol["network_evaluations"] = std::to_string(network_evaluations(definition));
  // Databases of before there was a choice do not name it.
  const auto timesteps = definition.integer("objective.timesteps");
  const auto spacing = step_spacings().of(definition, "sampler.spacing");
  if (spacing(timesteps, steps) == even_timesteps(timesteps, steps)) {
    protocol.erase("sampler.spacing");
  }
  leave_out_what_one_step_has_no_use_for(steps, protocol);
}

void describe_diffusion_sampling(const Definition& definition, std::int64_t, Protocol& protocol) {
  // Databases of before there was a choice do not name it.
  if (!has_exact_denoiser(definition)) protocol.erase("sampler.denoiser");
  if (samplers().of(definition, "sampler.name").solve != nullptr) {
    protocol["network_evaluations"] = "adaptive";
    return;
  }
  protocol["sampler.steps"] = std::to_string(sampler_steps(definition));
  protocol["network_evaluations"] = std::to_string(network_evaluations(definition));
  leave_out_what_one_step_has_no_use_for(sampler_steps(definition), protocol);
}

}  // namespace assay
