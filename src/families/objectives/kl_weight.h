// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "config/definition.h"
#include "config/schema.h"

namespace assay {

struct StepContext;

/// Weight of the KL term: β · min(1, epoch / warm_up_epochs), β itself without warm-up (Sønderby et
/// al. 2016; β-VAE: Higgins et al. 2017, eq. 4).
double kl_weight(double beta, double warm_up_epochs, double epoch);

/// Cyclical weight of the KL term (Fu et al. 2019, sec. 3): with τ = (step mod T/M) / (T/M) the
/// place in one of M cycles over T steps, β · min(1, τ / R): it rises linearly over the share R of
/// each cycle, then stays. step is 0-based. R in (0,1], M ≥ 1.
double cyclical_kl_weight(double beta, std::int64_t step, std::int64_t total_steps,
                          std::int64_t cycles, double rise);

/// The keys of both: objective.beta, objective.kl_….
Schema kl_weight_keys();

/// The one of them that a definition asks for.
class KlWeight {
 public:
  explicit KlWeight(const Definition& definition);
  double at(const StepContext& context) const;

 private:
  bool cyclical_;
  std::int64_t cycles_;
  double beta_, warm_up_epochs_, cycle_rise_;
};

}  // namespace assay
