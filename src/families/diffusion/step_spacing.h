// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "config/choices.h"
#include "families/diffusion/process.h"

namespace assay {

/// Which of T timesteps a sampler of `steps` visits: as many as that, falling strictly. Throws
/// c10::Error unless 1 ≤ steps ≤ T. The level after each is that of the next in the list, and no
/// noise after the last.
using StepSpacing = std::vector<std::int64_t> (*)(std::int64_t timesteps, std::int64_t steps);

/// From T−1 to 0, as evenly as rounding lets them, halves upwards; {T−1} for one step.
std::vector<std::int64_t> even_timesteps(std::int64_t timesteps, std::int64_t steps);

/// All of them, by the names that sampler.spacing takes in family ddpm. Three are those of
/// diffusers (Lin et al. 2023, table 2), whose roundings take halves to even numbers. T = 1000, 13
/// steps:
///   even      999, 916, 833 … 0
///   linspace  999, 916, 832 … 0: even with halves to even numbers
///   leading   912 … 76, 0: multiples of ⌊T/steps⌋
///   trailing  999, 922, 845 … 76: round(T − i T/steps) − 1
const Choices<StepSpacing>& step_spacings();

/// Which times of a process a sampler of `steps` visits: as many as that, falling strictly. `rho`
/// is Karras et al.'s ρ.
struct TimeSpacing {
  std::vector<double> (*times)(const Process& process, std::int64_t steps, double rho) = nullptr;
  bool needs_signal = false;  ///< at process.first_time(), where it begins: a ratio of it to noise
  bool begins_later = false;  ///< than there: for processes that begin with nothing but noise

  std::vector<double> operator()(const Process& process, std::int64_t steps, double rho) const {
    return times(process, steps, rho);
  }
};

/// All of them, by the names that sampler.spacing takes. i = 0 … n − 1, t_0 the first time and
/// t_min the last:
///   uniform    t_i on a line from t_0 to t_min
///   trailing   t_0 (1 − i/n), so that all n steps are of one length (Lin et al. 2023)
///   quadratic  √t_i on a line (Song et al. 2021, DDIM, appendix D.2)
///   karras     (σ/α)^{1/ρ} on a line (Karras et al. 2022, eq. 5)
///   log_snr    log(α/σ) on a line (Lu et al. 2022)
///   edm        karras between EDM's σ/α of 80 and 0.002, for straight paths, whose own begin at
///              infinity: t = (σ/α)/(1 + σ/α) (facebookresearch/flow_matching, edm_schedule)
/// On a grid each is rounded to a time of it, but for trailing, which is that of step_spacings().
const Choices<TimeSpacing>& time_spacings();

}  // namespace assay
