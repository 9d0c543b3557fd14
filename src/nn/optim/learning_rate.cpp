// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace assay {
namespace {

// From 1 to 0 as u goes from 0 to 1.
double half_cosine(double u) { return 0.5 * (1.0 + std::cos(std::numbers::pi * u)); }

double decay_done(double progress, double decay_from) {
  if (decay_from >= 1.0) return 0.0;
  return std::clamp((progress - decay_from) / (1.0 - decay_from), 0.0, 1.0);
}

}  // namespace

double warm_up_factor(std::int64_t step, std::int64_t warm_up_steps) {
  if (step + 1 >= warm_up_steps) return 1.0;
  return static_cast<double>(step + 1) / static_cast<double>(warm_up_steps);
}

double linear_decay_factor(double progress, double decay_from, double final_fraction) {
  return 1.0 - (1.0 - final_fraction) * decay_done(progress, decay_from);
}

double cosine_decay_factor(double progress, double decay_from, double final_fraction) {
  return final_fraction + (1.0 - final_fraction) * half_cosine(decay_done(progress, decay_from));
}

double one_cycle_factor(std::int64_t step, std::int64_t total_steps) {
  constexpr double kStart = 1.0 / 25.0;
  constexpr double kEnd = kStart / 1e4;
  const auto at = static_cast<double>(step);
  const auto last = static_cast<double>(total_steps - 1);
  const double top = 0.3 * static_cast<double>(total_steps) - 1.0;
  if (at <= top) return 1.0 + (kStart - 1.0) * half_cosine(top > 0.0 ? at / top : 1.0);
  const double from = std::max(top, 0.0);
  const double u = last > from ? std::min((at - from) / (last - from), 1.0) : 1.0;
  return kEnd + (1.0 - kEnd) * half_cosine(u);
}

double learning_rate(const LearningRateOptions& options, std::int64_t step,
                     std::int64_t total_steps) {
  const auto total = static_cast<double>(std::max<std::int64_t>(total_steps, 1));
  const double progress = static_cast<double>(step) / total;
  const double rate = options.peak * warm_up_factor(step, options.warm_up_steps);
  switch (options.schedule) {
    case LearningRateSchedule::kConstant:
      return rate;
    case LearningRateSchedule::kLinear:
      return rate * linear_decay_factor(progress, options.decay_from, options.final_fraction);
    case LearningRateSchedule::kCosine:
      return rate * cosine_decay_factor(progress, options.decay_from, options.final_fraction);
    case LearningRateSchedule::kOneCycle:
      return rate * one_cycle_factor(step, total_steps);
  }
  return rate;
}

}  // namespace assay
