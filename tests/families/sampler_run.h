// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"

namespace assay {

/// The level √ᾱ, √(1 − ᾱ).
inline Marginal marginal(double alpha_bar) {
  return {.signal = std::sqrt(alpha_bar), .noise = std::sqrt(1.0 - alpha_bar)};
}
inline Level level(double alpha_bar) {
  return {.signal = torch::tensor(std::sqrt(alpha_bar), torch::kDouble),
          .noise = torch::tensor(std::sqrt(1.0 - alpha_bar), torch::kDouble)};
}

/// A sampler over timesteps of a schedule.
struct GridRun {
  GridRun(const std::string& name, NoiseSchedule table, const std::vector<std::int64_t>& steps)
      : schedule(std::move(table)), process(grid_process(schedule, torch::kCPU)) {
    options.process = process.get();
    options.sampler = &samplers().at(name);
    for (const auto t : steps) {
      options.times.push_back(static_cast<double>(t) / static_cast<double>(schedule.size()));
    }
  }
  /// estimate(x_t, t): of x_0 at a timestep.
  torch::Tensor from(
      const torch::Tensor& x_T, std::span<const std::uint64_t> seeds,
      const std::function<torch::Tensor(const torch::Tensor&, std::int64_t)>& estimate) const {
    return run_sampler(
        x_T, seeds, options, [&](const torch::Tensor& x, const torch::Tensor& t, const Condition&) {
          const auto step = std::llround(t.item<double>() * static_cast<double>(schedule.size()));
          return Estimate{.x0 = estimate(x, step)};
        });
  }

  NoiseSchedule schedule;
  std::unique_ptr<Process> process;
  SamplerOptions options;
};

/// One that visits `steps` evenly spaced ones of its timesteps.
inline GridRun even_run(const std::string& name, const NoiseSchedule& schedule,
                        std::int64_t steps) {
  return {name, schedule, even_timesteps(static_cast<std::int64_t>(schedule.size()), steps)};
}

}  // namespace assay
