// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/step_spacing.h"

#include <c10/util/Exception.h>

#include <cmath>

namespace assay {
namespace {

void check_steps(std::int64_t timesteps, std::int64_t steps) {
  TORCH_CHECK(steps >= 1 && steps <= timesteps, steps, " sampler steps of ", timesteps,
              " timesteps");
}

std::vector<std::int64_t> linspace(std::int64_t timesteps, std::int64_t steps) {
  check_steps(timesteps, steps);
  if (steps == 1) return {timesteps - 1};
  const double stride = static_cast<double>(timesteps - 1) / static_cast<double>(steps - 1);
  std::vector<std::int64_t> visited;
  for (std::int64_t i = steps - 1; i >= 0; --i) {
    visited.push_back(std::llrint(static_cast<double>(i) * stride));
  }
  return visited;
}

std::vector<std::int64_t> leading(std::int64_t timesteps, std::int64_t steps) {
  check_steps(timesteps, steps);
  std::vector<std::int64_t> visited;
  for (std::int64_t i = steps - 1; i >= 0; --i) visited.push_back(i * (timesteps / steps));
  return visited;
}

std::vector<std::int64_t> trailing(std::int64_t timesteps, std::int64_t steps) {
  check_steps(timesteps, steps);
  const double stride = static_cast<double>(timesteps) / static_cast<double>(steps);
  std::vector<std::int64_t> visited;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double left = static_cast<double>(timesteps) - static_cast<double>(i) * stride;
    visited.push_back(std::llrint(left) - 1);
  }
  return visited;
}

// of(i/(n−1)) at each of n places, 0 alone for one.
template <class Of>
std::vector<double> places(std::int64_t steps, const Of& of) {
  std::vector<double> visited;
  for (std::int64_t i = 0; i < steps; ++i) {
    visited.push_back(
        of(steps == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(steps - 1)));
  }
  return visited;
}

double between(double first, double last, double share) { return first + share * (last - first); }

// Rounded to a grid's times, where there is a grid.
std::vector<double> on_grid(const Process& process, std::vector<double> times) {
  const auto timesteps = static_cast<double>(process.timesteps());
  if (timesteps == 0.0) return times;
  for (double& t : times) t = static_cast<double>(std::llround(t * timesteps)) / timesteps;
  return times;
}

std::vector<double> uniform(const Process& process, std::int64_t steps, double) {
  return on_grid(process, places(steps, [&](double share) {
                   return between(process.first_time(), process.sampled_until(), share);
                 }));
}

std::vector<double> equal_steps(const Process& process, std::int64_t steps, double) {
  std::vector<double> visited;
  if (process.timesteps() > 0) {
    for (const auto i : trailing(process.timesteps(), steps)) {
      visited.push_back(static_cast<double>(i) / static_cast<double>(process.timesteps()));
    }
    return visited;
  }
  for (std::int64_t i = 0; i < steps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(steps);
    visited.push_back(process.first_time() * (1.0 - share));
  }
  return visited;
}

std::vector<double> quadratic(const Process& process, std::int64_t steps, double) {
  return on_grid(process, places(steps, [&](double share) {
                   const double root = between(std::sqrt(process.first_time()),
                                               std::sqrt(process.sampled_until()), share);
                   return root * root;
                 }));
}

// (σ/α)^{1/ρ} between two values of log(α/σ), as log(α/σ).
double by_root(double noisy, double clear, double rho, double share) {
  return -rho * std::log(between(std::exp(-noisy / rho), std::exp(-clear / rho), share));
}

// The ends are the process's own, whatever bisection makes of them.
std::vector<double> by_log_snr(const Process& process, std::int64_t steps, double rho) {
  const double noisy = half_log_snr(process.at(process.first_time()));
  const double clear = half_log_snr(process.at(process.sampled_until()));
  const auto at = [&](double share) {
    return rho <= 0.0 ? between(noisy, clear, share) : by_root(noisy, clear, rho, share);
  };
  return on_grid(process, places(steps, [&](double share) {
                   if (share <= 0.0) return process.first_time();
                   return share >= 1.0 ? process.sampled_until() : process.time_of(at(share));
                 }));
}

std::vector<double> log_snr(const Process& process, std::int64_t steps, double) {
  return by_log_snr(process, steps, 0.0);
}

std::vector<double> of_edm(const Process& process, std::int64_t steps, double rho) {
  const double noisy = -std::log(80.0), clear = -std::log(0.002);
  return places(steps,
                [&](double share) { return process.time_of(by_root(noisy, clear, rho, share)); });
}

}  // namespace

std::vector<std::int64_t> even_timesteps(std::int64_t timesteps, std::int64_t steps) {
  check_steps(timesteps, steps);
  std::vector<std::int64_t> visited = {timesteps - 1};
  for (std::int64_t i = 1; i < steps; ++i) {
    const double left = static_cast<double>(steps - 1 - i) / static_cast<double>(steps - 1);
    visited.push_back(std::llround(left * static_cast<double>(timesteps - 1)));
  }
  return visited;
}

const Choices<StepSpacing>& step_spacings() {
  static const Choices<StepSpacing> all = {{"even", even_timesteps},
                                           {"linspace", linspace},
                                           {"leading", leading},
                                           {"trailing", trailing}};
  return all;
}

const Choices<TimeSpacing>& time_spacings() {
  static const Choices<TimeSpacing> all = {{"uniform", {.times = uniform}},
                                           {"trailing", {.times = equal_steps}},
                                           {"quadratic", {.times = quadratic}},
                                           {"karras", {.times = by_log_snr, .needs_signal = true}},
                                           {"log_snr", {.times = log_snr, .needs_signal = true}},
                                           {"edm", {.times = of_edm, .begins_later = true}}};
  return all;
}

}  // namespace assay
