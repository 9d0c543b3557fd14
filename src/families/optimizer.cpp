// SPDX-License-Identifier: Apache-2.0
#include "families/optimizer.h"

#include "nn/optim/gradient_clip.h"
#include "nn/optim/rmsprop.h"

namespace assay {
namespace {

const Choices<LearningRateSchedule> kSchedules = {{"constant", LearningRateSchedule::kConstant},
                                                  {"linear", LearningRateSchedule::kLinear},
                                                  {"cosine", LearningRateSchedule::kCosine},
                                                  {"one_cycle", LearningRateSchedule::kOneCycle}};
constexpr const char* kCommon = "common";

std::unique_ptr<UpdateRule> adam(torch::nn::Module& module, const AdamOptions& options) {
  return std::make_unique<Adam>(module, options);
}

std::unique_ptr<UpdateRule> adamw(torch::nn::Module& module, const AdamOptions& options) {
  AdamOptions decoupled = options;
  decoupled.decoupled = true;
  return std::make_unique<Adam>(module, decoupled);
}

std::unique_ptr<UpdateRule> rmsprop(torch::nn::Module& module, const AdamOptions& options) {
  return std::make_unique<RmsProp>(module, RmsPropOptions{.decay = options.beta2,
                                                          .epsilon = options.epsilon,
                                                          .weight_decay = options.weight_decay});
}

}  // namespace

const Choices<MakeUpdateRule>& update_rules() {
  static const Choices<MakeUpdateRule> all = {
      {"adam", adam}, {"adamw", adamw}, {"rmsprop", rmsprop}};
  return all;
}

OptimizerOptions optimizer_options(const Definition& definition) {
  OptimizerOptions options;
  options.adam.beta1 = definition.number("optimizer.beta1");
  options.adam.beta2 = definition.number("optimizer.beta2");
  options.adam.epsilon = definition.number("optimizer.epsilon");
  options.adam.epsilon_hat = definition.boolean("optimizer.epsilon_hat");
  options.adam.weight_decay = definition.number("optimizer.weight_decay");
  options.rule = update_rules().of(definition, "optimizer.name");
  options.learning_rate.schedule = kSchedules.of(definition, "optimizer.schedule");
  options.learning_rate.peak = definition.number("optimizer.learning_rate");
  options.learning_rate.warm_up_steps = definition.integer("optimizer.warm_up_steps");
  options.learning_rate.decay_from = definition.number("optimizer.decay_from");
  options.learning_rate.final_fraction = definition.number("optimizer.final_fraction");
  options.gradient_clip = definition.number("optimizer.gradient_clip");
  return options;
}

Schema network_optimizer_keys(const std::string& network) {
  const std::string prefix = "optimizer." + network + "_";
  std::vector<std::string> names = {kCommon};
  for (auto& name : update_rules().names()) names.push_back(std::move(name));
  return {{.path = prefix + "name",
           .default_value = std::string(kCommon),
           .meaning = "the " + network + "'s optimizer; common: optimizer.name",
           .choices = names},
          {.path = prefix + "learning_rate",
           .default_value = 0.0,
           .meaning = "the " + network + "'s step size; 0: optimizer.learning_rate",
           .minimum = 0,
           .maximum = 10},
          {.path = prefix + "beta1",
           .default_value = -1.0,
           .meaning = "the " + network + "'s decay of the first moment; -1: optimizer.beta1",
           .minimum = -1,
           .maximum = 0.999999},
          {.path = prefix + "beta2",
           .default_value = -1.0,
           .meaning = "the " + network + "'s decay of the second moment; -1: optimizer.beta2",
           .minimum = -1,
           .maximum = 0.9999999}};
}

OptimizerOptions network_optimizer_options(const Definition& definition,
                                           const std::string& network) {
  const std::string prefix = "optimizer." + network + "_";
  auto options = optimizer_options(definition);
  const double rate = definition.number(prefix + "learning_rate"),
               beta1 = definition.number(prefix + "beta1"),
               beta2 = definition.number(prefix + "beta2");
  if (definition.text(prefix + "name") != kCommon) {
    options.rule = update_rules().of(definition, prefix + "name");
  }
  if (rate > 0.0) options.learning_rate.peak = rate;
  if (beta1 >= 0.0) options.adam.beta1 = beta1;
  if (beta2 >= 0.0) options.adam.beta2 = beta2;
  return options;
}

EmaOptions ema_options(const Definition& definition) {
  return {.decay = definition.number("ema.decay"),
          .ramp = definition.boolean("ema.ramp"),
          .scored = definition.text("eval.weights") == "ema",
          .half_life_images = definition.integer("ema.half_life_images"),
          .ramp_ratio = definition.number("ema.ramp_ratio"),
          .images_per_step = definition.integer("train.batch_size")};
}

Optimizer::Optimizer(torch::nn::Module& module, const OptimizerOptions& options)
    : options_(options), rule_(options.rule(module, options.adam)) {}

void Optimizer::step(const StepContext& context) {
  if (options_.gradient_clip > 0.0) clip_gradient_norm(parameters(), options_.gradient_clip);
  rule_->step(rate(context));
}

double Optimizer::rate(const StepContext& context) const {
  return learning_rate(options_.learning_rate, context.step, context.total_steps);
}

void Optimizer::visit_state(StateVisitor& visitor, const std::string& prefix) {
  rule_->visit_state(visitor, prefix);
}

}  // namespace assay
