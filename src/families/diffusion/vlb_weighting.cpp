// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/loss_weighting.h"

namespace assay {
namespace {

// The terms L_{t-1} of the variational bound in nats per value, for the posterior's variance β̃_t:
// of ε β_t²/(2 β̃_t α_t (1 − ᾱ_t)) (Ho et al. 2020, eq. 12), so of x_0
//   w²/(2 β̃_t), w = √ᾱ_{t-1} β_t/(1 − ᾱ_t) the weight of x_0 in the posterior's mean.
// The first step's β̃ is 0 and takes the second's (Nichol & Dhariwal 2021, sec. 3.1).
std::vector<double> vlb(const NoiseSchedule& schedule, const Parameterisation& parameterisation,
                        const LossWeightingSettings&) {
  std::vector<double> weights;
  for (std::size_t t = 0; t < schedule.size(); ++t) {
    const auto at = [&](std::size_t step) {
      return posterior_weights(
          {.alpha_bar_t = schedule[step], .alpha_bar_s = step == 0 ? 1.0 : schedule[step - 1]});
    };
    const double x0_weight = at(t).x0_weight, variance = at(t == 0 ? 1 : t).variance;
    weights.push_back(x0_weight * x0_weight / (2.0 * variance) *
                      parameterisation.x0_error(schedule[t]));
  }
  return weights;
}

}  // namespace

LossWeighting vlb_weighting() {
  return {.paper = "Ho et al. 2020, eq. 12", .weights = vlb, .fewest_timesteps = 2};
}

}  // namespace assay
