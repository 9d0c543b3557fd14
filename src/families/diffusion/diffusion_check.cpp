// SPDX-License-Identifier: Apache-2.0
// What a definition may not compose, and what it says of its samples.
#include <fmt/format.h>

#include <algorithm>

#include "families/diffusion/composition.h"
#include "families/diffusion/diffusion.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/step_spacing.h"
#include "families/refuse.h"

namespace assay {
namespace {

constexpr std::int64_t kShortestLinear = 21;  // below it linear_schedule's β reaches 1

void check_grid(const Definition& definition) {
  const auto timesteps = definition.integer("objective.timesteps");
  const auto steps = definition.integer("sampler.steps");
  refuse_if(definition.text("objective.schedule") == "linear" && timesteps < kShortestLinear,
            definition,
            fmt::format("objective.timesteps = {} is too short for a linear schedule; take {} or "
                        "more, or objective.schedule = \"cosine\"",
                        timesteps, kShortestLinear));
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
  refuse_if(spacing == "karras" || spacing == "log_snr", definition,
            fmt::format("{} begins with nothing but noise, and sampler.spacing = \"{}\" needs a "
                        "ratio of signal to noise; take \"trailing\"",
                        cause, spacing));
}

void check_continuous(const Definition& definition) {
  const auto& name = definition.text("objective.process");
  const auto& process = continuous_processes().at(name);
  const auto& times = definition.text("objective.time_sampling");
  refuse_if(definition.boolean("objective.zero_terminal_snr"), definition,
            "objective.zero_terminal_snr = true is of a grid; set objective.timesteps");
  refuse_if(time_distributions().at(times).needs_inverse && !process.inverts_log_noise, definition,
            fmt::format("objective.time_sampling = \"{}\" is of objective.process = \"edm\", "
                        "\"ve\" or \"ot\", not \"{}\"",
                        times, name));
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
  if (samplers().of(definition, "sampler.name").solve != nullptr) {
    protocol["network_evaluations"] = "adaptive";
    return;
  }
  protocol["sampler.steps"] = std::to_string(sampler_steps(definition));
  protocol["network_evaluations"] = std::to_string(network_evaluations(definition));
  leave_out_what_one_step_has_no_use_for(sampler_steps(definition), protocol);
}

}  // namespace assay
