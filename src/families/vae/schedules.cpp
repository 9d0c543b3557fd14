// SPDX-License-Identifier: Apache-2.0
#include "families/vae/schedules.h"

#include <algorithm>
#include <cmath>

namespace assay {

double kl_weight(double beta, double warm_up_epochs, double epoch) {
  if (warm_up_epochs <= 0.0) return beta;
  return beta * std::min(1.0, epoch / warm_up_epochs);
}

double cyclical_kl_weight(double beta, std::int64_t step, std::int64_t total_steps,
                          std::int64_t cycles, double rise) {
  const double length = static_cast<double>(total_steps) / static_cast<double>(cycles);
  const double tau = std::fmod(static_cast<double>(step), length) / length;
  return beta * std::min(1.0, tau / rise);
}

double capacity_at(double largest, std::int64_t step, std::int64_t steps) {
  if (step >= steps) return largest;
  return largest * static_cast<double>(step) / static_cast<double>(steps);
}

}  // namespace assay
