// SPDX-License-Identifier: Apache-2.0
// DPM-Solver++: exponential integrators in λ = log(α/σ), for the estimate of x_0 (Lu et al. 2022).
#include <cmath>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

// x_s = σ_s/σ_t x_t − α_s (e^{−h} − 1) D, h = λ_s − λ_t: exact where x̂_0 is D all the way.
torch::Tensor exact_step(const torch::Tensor& x, const torch::Tensor& x0,
                         const DiffusionStep& step) {
  const double h = half_log_snr(step.to) - half_log_snr(step.from);
  return step.to.noise / step.from.noise * x - step.to.signal * std::expm1(-h) * x0;
}

// Algorithm 2: D is what the last two estimates extend to the middle of the step,
//   D = (1 + 1/(2r)) x̂_0 − 1/(2r) x̂_0', r = (λ_t − λ')/h, x̂_0' and λ' of the step before.
// The first step has none before it, and the last one no end of λ: both are of first order, D =
// x̂_0.
torch::Tensor second_order_multistep(SamplerState& state, const SamplerSettings&) {
  auto x0 = state.now().x0;
  if (state.last) return x0;
  if (!state.earlier.empty()) {
    const auto& before = state.earlier.front();
    const double lambda = half_log_snr(state.step.from);
    const double h = half_log_snr(state.step.to) - lambda;
    const double r = (lambda - half_log_snr(before.level)) / h;
    x0 = (1.0 + 0.5 / r) * x0 - 0.5 / r * before.x0;
  }
  return exact_step(state.x, x0, state.step);
}

// The third order of the same: x̂_0 of the last three estimates is a parabola in λ, with D1 h times
// its first derivative and D2 h²/2 times its second, by divided differences,
//   x_s = σ_s/σ_t x_t − α_s (e^{−h} − 1) x̂_0 + α_s ((e^{−h} − 1)/h + 1) D1
//         − α_s ((e^{−h} − 1 + h)/h² − ½) D2
// (their code's multistep_dpm_solver_third_update, k-diffusion's dpmpp_3m, diffusers). The series
// would take D2 twice, so that a step errs by h³ and not by h⁴. The first step has no D1, the
// second no D2.
torch::Tensor third_order_multistep(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  auto next = exact_step(state.x, x0, state.step);
  if (state.earlier.empty()) return next;
  const auto& one = state.earlier[0];
  const double lambda = half_log_snr(state.step.from), h = half_log_snr(state.step.to) - lambda;
  const double lambda_one = half_log_snr(one.level), r0 = (lambda - lambda_one) / h;
  const double e = std::expm1(-h), signal = state.step.to.signal;
  auto first = (x0 - one.x0) / r0;
  if (state.earlier.size() > 1) {
    const auto& two = state.earlier[1];
    const double r1 = (lambda_one - half_log_snr(two.level)) / h;
    const auto second = (first - (one.x0 - two.x0) / r1) / (r0 + r1);
    first = first + r0 * second;
    next = next - signal * ((e + h) / (h * h) - 0.5) * second;
  }
  return next + signal * (e / h + 1.0) * first;
}

// Algorithm 1 with r = ½: D is the estimate at the step's middle in λ, where a step of first order
// leads. The last step is of first order.
torch::Tensor second_order_singlestep(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  const double middle =
      state.process->time_of(0.5 * (half_log_snr(state.step.from) + half_log_snr(state.step.to)));
  const auto x_middle =
      exact_step(state.x, x0, {.from = state.step.from, .to = state.process->at(middle)});
  return exact_step(state.x, state.denoise(x_middle, middle).x0, state.step);
}

}  // namespace

Sampler dpm_solver_2m_sampler() {
  return {.paper = "Lu et al. 2022, DPM-Solver++, algorithm 2", .step = second_order_multistep};
}

Sampler dpm_solver_3m_sampler() {
  return {.paper = "Lu et al. 2022, DPM-Solver++, third order",
          .step = third_order_multistep,
          .divides_by_signal = true};
}

Sampler dpm_solver_2s_sampler() {
  return {.paper = "Lu et al. 2022, DPM-Solver++, algorithm 1",
          .step = second_order_singlestep,
          .continuous_only = true,
          .divides_by_signal = true};
}

}  // namespace assay
