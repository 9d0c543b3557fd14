// SPDX-License-Identifier: Apache-2.0
#include "families/gan/penalty_step.h"

#include <ATen/ATen.h>

#include <cmath>

#include "nn/seed_batch.h"

namespace assay {
namespace {

constexpr const char* kApart = "apart";
constexpr const char* kJoined = "joined";

}  // namespace

Key penalty_step_key() {
  return {.path = "objective.penalty_step",
          .default_value = std::string(kJoined),
          .meaning =
              "a penalty that is due, of either network, joins the loss of that update, or has an "
              "update of its "
              "own after it, with the optimizer's rate times c = k/(k + 1) and its decays "
              "to the power c, k the penalty's interval (Karras et al. 2020, code)",
          .choices = {kJoined, kApart}};
}

bool penalties_apart(const Definition& definition) {
  return definition.text("objective.penalty_step") == kApart;
}

OptimizerOptions corrected_for_penalty_steps(OptimizerOptions options, std::int64_t interval) {
  const double c = static_cast<double>(interval) / static_cast<double>(interval + 1);
  options.learning_rate.peak *= c;
  options.adam.beta1 = std::pow(options.adam.beta1, c);
  options.adam.beta2 = std::pow(options.adam.beta2, c);
  return options;
}

void penalty_step(Optimizer& optimizer, const torch::Tensor& penalty, const StepContext& context) {
  if (!penalty.defined()) return;
  optimizer.zero_grad();
  backward(penalty);
  for (const auto& parameter : optimizer.parameters()) {
    auto& gradient = parameter.mutable_grad();
    if (!gradient.defined()) gradient = at::zeros_like(parameter.detach());
  }
  optimizer.step(context);
}

}  // namespace assay
