// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "families/gan/adversarial_loss.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/gan.h"
#include "families/refuse.h"

namespace assay {
namespace {

bool is_on(const Definition& definition, const std::string& path) {
  return definition.number(path) > 0.0;
}

std::vector<std::string> penalties_of(const Definition& definition) {
  std::vector<std::string> names;
  for (auto& name : critic_penalties().names()) {
    if (is_on(definition, "objective." + name)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

void check_gan(const Definition& d) {
  const auto penalties = penalties_of(d);
  const bool clipped = is_on(d, "objective.weight_clip");
  const auto& loss = adversarial_losses().of(d, "objective.loss");
  refuse_if(
      loss.needs_bounded_slope && penalties.empty() && !clipped, d,
      fmt::format("objective.loss = \"{}\" falls for ever as the discriminator's slope grows; "
                  "bound it by objective.gradient_penalty or objective.weight_clip",
                  d.text("objective.loss")));
  refuse_if(
      is_on(d, "objective.gradient_penalty") && is_on(d, "objective.one_sided_gradient_penalty"), d,
      "objective.gradient_penalty and objective.one_sided_gradient_penalty are two sides of "
      "one penalty; keep one of them");
  refuse_if(d.integer("objective.penalty_interval") > 1 && penalties.empty(), d,
            "objective.penalty_interval has nothing to wait for: no penalty of the discriminator "
            "has a weight, such as objective.r1");
}

}  // namespace assay
