// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace assay {

/// Factor of linear warm-up at 0-based `step`: min(1, (step + 1) / warm_up_steps); 1 without
/// warm-up.
double warm_up_factor(std::int64_t step, std::int64_t warm_up_steps);

/// Factor that is 1 until the share `decay_from` of the run and then falls on a line to
/// `final_fraction` at its end. progress = step / total_steps in [0,1].
double linear_decay_factor(double progress, double decay_from, double final_fraction);

/// The same along half a cosine: f + (1 − f) · (1 + cos(π u)) / 2, u = the share of the decay done
/// (Loshchilov & Hutter 2017, eq. 5, without restarts).
double cosine_decay_factor(double progress, double decay_from, double final_fraction);

/// Factor of the one-cycle policy (Smith & Topin 2018) as torch's OneCycleLR computes it with its
/// defaults: cosine from 1/25 up to 1 at step 0.3 · total − 1, then cosine down to 1/25 · 1e-4 at
/// the last step. The momentum stays as it is.
double one_cycle_factor(std::int64_t step, std::int64_t total_steps);

enum class LearningRateSchedule { kConstant, kLinear, kCosine, kOneCycle };

struct LearningRateOptions {
  LearningRateSchedule schedule = LearningRateSchedule::kConstant;
  double peak = 1e-3;
  std::int64_t warm_up_steps = 0;
  double decay_from = 0.0;      ///< share of the run after which linear and cosine decay begin
  double final_fraction = 0.0;  ///< end of linear and cosine decay, as a share of the peak
};

/// The learning rate of 0-based `step` in a run of `total_steps`: peak · warm-up · decay.
/// Stateless, so a resumed run needs nothing but its step.
double learning_rate(const LearningRateOptions& options, std::int64_t step,
                     std::int64_t total_steps);

}  // namespace assay
