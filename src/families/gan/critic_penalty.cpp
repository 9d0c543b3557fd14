// SPDX-License-Identifier: Apache-2.0
#include "families/gan/critic_penalty.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include "families/gan/penalty_step.h"

namespace assay {
namespace {

// w ← min(c, max(−c, w)) for each weight (Arjovsky et al. 2017, algorithm 1, line 7).
void clip_weights(const std::vector<torch::Tensor>& parameters, double bound) {
  const torch::NoGradGuard no_grad;
  for (const auto& parameter : parameters) parameter.clamp_(-bound, bound);
}

Key switched_by_number(std::string_view name, std::string_view meaning) {
  return {.path = "objective." + std::string(name),
          .default_value = 0.0,
          .meaning = std::string(meaning) + "; 0: off",
          .minimum = 0,
          .maximum = 1e6};
}

double number_of(const Definition& definition, const std::string& name) {
  return definition.number("objective." + name);
}

}  // namespace

// Each is described where it is defined.
CriticPenalty gradient_penalty(), one_sided_gradient_penalty(), r1_penalty(), r2_penalty(),
    dragan_penalty(), orthogonal_penalty(), label_smoothing(), consistency_penalty(),
    generated_consistency_penalty();

// Keys of what gradient penalties ask of slopes (gradient_penalties.cpp).
Schema penalised_slope_keys();
PenalisedSlope penalised_slope(const Definition& definition);

const Choices<CriticPenalty>& critic_penalties() {
  static const Choices<CriticPenalty> all = {
      {"gradient_penalty", gradient_penalty()},
      {"one_sided_gradient_penalty", one_sided_gradient_penalty()},
      {"r1", r1_penalty()},
      {"r2", r2_penalty()},
      {"dragan", dragan_penalty()},
      {"orthogonal", orthogonal_penalty()},
      {"label_smoothing", label_smoothing()},
      {"consistency", consistency_penalty()},
      {"generated_consistency", generated_consistency_penalty()}};
  return all;
}

std::vector<std::string> critic_penalties_of(const Definition& definition) {
  std::vector<std::string> names = critic_penalties().names();
  std::erase_if(names, [&](const auto& name) { return number_of(definition, name) <= 0.0; });
  return names;
}

std::vector<std::string> lazy_penalties_of(const Definition& definition) {
  std::vector<std::string> names = critic_penalties_of(definition);
  std::erase_if(names, [](const auto& name) { return critic_penalties().at(name).every_step; });
  return names;
}

const Choices<CriticProjection>& critic_projections() {
  static const Choices<CriticProjection> all = {
      {"weight_clip",
       {.paper = "Arjovsky et al. 2017, algorithm 1",
        .meaning = "largest size of a weight of the discriminator, clipped after its step",
        .project = clip_weights}}};
  return all;
}

Schema critic_regulariser_keys() {
  Schema schema;
  for (const auto& name : critic_penalties().names()) {
    schema.push_back(switched_by_number(name, critic_penalties().at(name).meaning));
  }
  schema.push_back({.path = "objective.penalty_interval",
                    .default_value = std::int64_t{1},
                    .meaning = "the discriminator's penalties are due at every so manieth of its "
                               "steps, and count so many times; smoothed labels and consistency "
                               "at every one",
                    .unit = "steps",
                    .minimum = 1,
                    .maximum = 1e6});
  schema.push_back(penalty_step_key());
  const auto slope_keys = penalised_slope_keys();
  schema.insert(schema.end(), slope_keys.begin(), slope_keys.end());
  for (const auto& name : critic_projections().names()) {
    schema.push_back(switched_by_number(name, critic_projections().at(name).meaning));
  }
  return schema;
}

CriticRegularisers::CriticRegularisers(const Definition& definition)
    : slope_(penalised_slope(definition)),
      interval_(lazy_penalties_of(definition).empty()
                    ? 1
                    : definition.integer("objective.penalty_interval")) {
  for (const auto& name : critic_penalties_of(definition)) {
    penalties_.push_back({name, critic_penalties().at(name), number_of(definition, name)});
  }
  for (const auto& name : critic_projections().names()) {
    const double bound = number_of(definition, name);
    if (bound > 0.0) projections_.push_back({critic_projections().at(name), bound});
  }
  apart_ = !lazy_penalties_of(definition).empty() && penalties_apart(definition);
}

torch::Tensor CriticRegularisers::sum(torch::Tensor loss, const CriticView& view, bool lazy,
                                      std::vector<LossTerm>& terms) const {
  for (const auto& [name, penalty, weight] : penalties_) {
    if (penalty.every_step == lazy) continue;
    const auto term = weight * penalty.value(view);
    const auto counted = lazy ? static_cast<double>(interval_) * term : term;
    loss = loss.defined() ? loss + counted : counted;
    terms.push_back({name, term.detach()});
  }
  return loss;
}

torch::Tensor CriticRegularisers::joined(torch::Tensor loss, const CriticView& view,
                                         std::int64_t step, std::vector<LossTerm>& terms) const {
  loss = sum(std::move(loss), view, /*lazy=*/false, terms);
  const bool due = !apart_ && step % interval_ == 0;
  return due ? sum(std::move(loss), view, /*lazy=*/true, terms) : loss;
}

torch::Tensor CriticRegularisers::apart(const CriticView& view, std::int64_t step,
                                        std::vector<LossTerm>& terms) const {
  const bool due = apart_ && step % interval_ == 0;
  return due ? sum({}, view, /*lazy=*/true, terms) : torch::Tensor();
}

OptimizerOptions CriticRegularisers::optimizer_options(const Definition& definition) const {
  const auto options = network_optimizer_options(definition, "discriminator");
  return apart_ ? corrected_for_penalty_steps(options, interval_) : options;
}

void CriticRegularisers::project(const std::vector<torch::Tensor>& parameters) const {
  for (const auto& [projection, bound] : projections_) projection.project(parameters, bound);
}

}  // namespace assay
