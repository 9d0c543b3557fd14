// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

// λ = log(√ᾱ/√(1 − ᾱ)); −∞ where no signal is left.
double half_log_snr(double alpha_bar) { return 0.5 * std::log(alpha_bar / (1.0 - alpha_bar)); }

// x_s = σ_s/σ_t x_t − √ᾱ_s (e^{−h} − 1) D, with h = λ_s − λ_t and D the estimate of x_0 that the
// last two extend to the middle of the step:
//   D = (1 + 1/(2r)) x̂_0 − 1/(2r) x̂_0', r = (λ_t − λ')/h, x̂_0' and λ' of the step before
// (Lu et al. 2022, DPM-Solver++, algorithm 2). The first step has none before it, and the last one
// no end of λ: both are of first order, D = x̂_0.
torch::Tensor second_order_multistep(const SamplerStep& step, const SamplerSettings&) {
  const auto [alpha_bar_t, alpha_bar_s] = step.levels;
  if (alpha_bar_s >= 1.0) return step.x0;
  const double lambda = half_log_snr(alpha_bar_t), h = half_log_snr(alpha_bar_s) - lambda;
  auto x0 = step.x0;
  if (step.previous) {
    const double r = (lambda - half_log_snr(step.previous->alpha_bar)) / h;
    x0 = (1.0 + 0.5 / r) * step.x0 - 0.5 / r * step.previous->x0;
  }
  return std::sqrt((1.0 - alpha_bar_s) / (1.0 - alpha_bar_t)) * step.x_t -
         std::sqrt(alpha_bar_s) * std::expm1(-h) * x0;
}

}  // namespace

DiffusionSampler dpm_solver_2m_sampler() {
  return {.paper = "Lu et al. 2022, DPM-Solver++, algorithm 2", .step = second_order_multistep};
}

}  // namespace assay
