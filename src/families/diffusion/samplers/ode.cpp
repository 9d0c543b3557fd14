// SPDX-License-Identifier: Apache-2.0
// Solvers of the probability-flow ODE in the process's own time (Song et al. 2021, eq. 13), which
// are those of flow matching on its paths.
#include <ATen/ATen.h>

#include "families/diffusion/along.h"
#include "families/diffusion/dormand_prince.h"
#include "families/diffusion/sampler.h"

namespace assay {
namespace {

using torch::Tensor;

// The last step ends at the estimate, which on straight paths is where Euler's leads.
Tensor euler(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  return state.x + (state.s - state.t) * slope_from_x0(state.x, x0, state.step.from);
}

// The slope in the middle of the step, where half of Euler's leads.
Tensor midpoint(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  const double length = state.s - state.t, middle = 0.5 * (state.t + state.s);
  const auto x = state.x + 0.5 * length * slope_from_x0(state.x, x0, state.step.from);
  return state.x +
         length * slope_from_x0(x, state.denoise(x, middle).x0, state.process->at(middle));
}

// With the mean of the slopes at both ends, the later one where Euler's leads.
Tensor heun_in_time(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  const double length = state.s - state.t;
  const auto first = slope_from_x0(state.x, x0, state.step.from);
  const auto x = state.x + length * first;
  const auto second = slope_from_x0(x, state.denoise(x, state.s).x0, state.step.to);
  return state.x + 0.5 * length * (first + second);
}

// To the last time, and from there to the estimate.
Tensor dormand_prince(const Tensor& x_T, const Process& process, const Denoiser& denoiser,
                      const Condition& condition, double tolerance) {
  const auto slope = [&](const Tensor& x, const Tensor& t, const Tensor& index) {
    const auto level = process.at(t);
    const auto of = [&](const Tensor& value) { return along(value, x).to(x.scalar_type()); };
    const auto x0 = denoiser(x, t, of_examples(condition, index)).x0;
    const auto eps = (x - of(level.signal) * x0) / of(level.noise);
    return of(level.signal_slope) * x0 + of(level.noise_slope) * eps;
  };
  const auto x = solve_ode(slope, x_T, process.first_time(), process.sampled_until(), tolerance);
  return denoiser(x, at::scalar_tensor(process.sampled_until(), at::kDouble), condition).x0;
}

}  // namespace

Sampler euler_sampler() {
  return {.paper = "Lipman et al. 2023, sec. 6", .step = euler, .continuous_only = true};
}

Sampler midpoint_sampler() {
  return {.paper = "Lipman et al. 2023, sec. 6", .step = midpoint, .continuous_only = true};
}

Sampler heun2_sampler() {
  return {.paper = "Heun 1900; torchdiffeq's heun2", .step = heun_in_time, .continuous_only = true};
}

Sampler dopri5_sampler() {
  return {.paper = "Dormand & Prince 1980; Song et al. 2021, sec. 4.3",
          .continuous_only = true,
          .solve = dormand_prince};
}

}  // namespace assay
