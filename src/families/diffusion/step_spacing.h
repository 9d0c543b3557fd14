// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "config/choices.h"

namespace assay {

/// Which of T timesteps a sampler of `steps` visits: as many as that, falling strictly. Throws
/// c10::Error unless 1 ≤ steps ≤ T. The level after each is that of the next in the list, and no
/// noise after the last.
using StepSpacing = std::vector<std::int64_t> (*)(std::int64_t timesteps, std::int64_t steps);

/// From T−1 to 0, as evenly as rounding lets them, halves upwards; {T−1} for one step.
std::vector<std::int64_t> even_timesteps(std::int64_t timesteps, std::int64_t steps);

/// All of them, by the names that sampler.spacing takes. Three are those of diffusers (Lin et al.
/// 2023, table 2), whose roundings take halves to even numbers. T = 1000, 13 steps:
///   even      999, 916, 833 … 0
///   linspace  999, 916, 832 … 0: even with halves to even numbers
///   leading   912 … 76, 0: multiples of ⌊T/steps⌋
///   trailing  999, 922, 845 … 76: round(T − i T/steps) − 1
const Choices<StepSpacing>& step_spacings();

}  // namespace assay
