// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/kl_weight.h"

#include <algorithm>
#include <cmath>

#include "config/choices.h"
#include "families/trainable.h"

namespace assay {
namespace {

// Whether the weight goes through cycles.
const Choices<bool> kKlSchedules = {{"linear", false}, {"cyclical", true}};

}  // namespace

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

Schema kl_weight_keys() {
  return {
      {.path = "objective.beta",
       .default_value = 1.0,
       .meaning = "weight of the KL term",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.kl_warm_up_epochs",
       .default_value = 0.0,
       .meaning = "the KL term's weight rises linearly over this time",
       .unit = "epochs",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.kl_schedule",
       .default_value = std::string("linear"),
       .meaning = "course of that weight: one warm-up, or cycles over the run (Fu et al. 2019)",
       .choices = kKlSchedules.names()},
      {.path = "objective.kl_cycles",
       .default_value = std::int64_t{4},
       .meaning = "cyclical: cycles in the run",
       .minimum = 1,
       .maximum = 1e6,
       .needs = {{"objective.kl_schedule", {"cyclical"}}}},
      {.path = "objective.kl_cycle_rise",
       .default_value = 0.5,
       .meaning = "cyclical: share of a cycle in which the weight rises",
       .minimum = 1e-6,
       .maximum = 1,
       .needs = {{"objective.kl_schedule", {"cyclical"}}}},
  };
}

KlWeight::KlWeight(const Definition& definition)
    : cyclical_(kKlSchedules.of(definition, "objective.kl_schedule")),
      cycles_(definition.integer("objective.kl_cycles")),
      beta_(definition.number("objective.beta")),
      warm_up_epochs_(definition.number("objective.kl_warm_up_epochs")),
      cycle_rise_(definition.number("objective.kl_cycle_rise")) {}

double KlWeight::at(const StepContext& context) const {
  return cyclical_
             ? cyclical_kl_weight(beta_, context.step, context.total_steps, cycles_, cycle_rise_)
             : kl_weight(beta_, warm_up_epochs_, context.epoch);
}

}  // namespace assay
