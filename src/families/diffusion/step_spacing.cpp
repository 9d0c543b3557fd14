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

}  // namespace assay
