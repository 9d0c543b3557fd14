// SPDX-License-Identifier: Apache-2.0
#include "families/optimizer.h"

#include "config/choices.h"
#include "nn/optim/gradient_clip.h"

namespace assay {
namespace {

const Choices<LearningRateSchedule> kSchedules = {{"constant", LearningRateSchedule::kConstant},
                                                  {"linear", LearningRateSchedule::kLinear},
                                                  {"cosine", LearningRateSchedule::kCosine},
                                                  {"one_cycle", LearningRateSchedule::kOneCycle}};
// Whether weight decay is decoupled.
const Choices<bool> kOptimizers = {{"adam", false}, {"adamw", true}};

}  // namespace

OptimizerOptions optimizer_options(const Definition& definition) {
  OptimizerOptions options;
  options.adam.beta1 = definition.number("optimizer.beta1");
  options.adam.beta2 = definition.number("optimizer.beta2");
  options.adam.epsilon = definition.number("optimizer.epsilon");
  options.adam.weight_decay = definition.number("optimizer.weight_decay");
  options.adam.decoupled = kOptimizers.of(definition, "optimizer.name");
  options.learning_rate.schedule = kSchedules.of(definition, "optimizer.schedule");
  options.learning_rate.peak = definition.number("optimizer.learning_rate");
  options.learning_rate.warm_up_steps = definition.integer("optimizer.warm_up_steps");
  options.learning_rate.decay_from = definition.number("optimizer.decay_from");
  options.learning_rate.final_fraction = definition.number("optimizer.final_fraction");
  options.gradient_clip = definition.number("optimizer.gradient_clip");
  return options;
}

EmaOptions ema_options(const Definition& definition) {
  return {.decay = definition.number("ema.decay"),
          .ramp = definition.boolean("ema.ramp"),
          .scored = definition.text("eval.weights") == "ema"};
}

Optimizer::Optimizer(torch::nn::Module& module, const OptimizerOptions& options)
    : options_(options), adam_(module, options.adam) {}

void Optimizer::step(const StepContext& context) {
  if (options_.gradient_clip > 0.0) clip_gradient_norm(adam_.parameters(), options_.gradient_clip);
  adam_.step(learning_rate(options_.learning_rate, context.step, context.total_steps));
}

void Optimizer::visit_state(StateVisitor& visitor, const std::string& prefix) {
  adam_.visit_state(visitor, prefix);
}

}  // namespace assay
