// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "config/choices.h"
#include "config/definition.h"
#include "config/schema.h"
#include "families/trainable.h"
#include "nn/optim/adam.h"
#include "nn/optim/ema.h"
#include "nn/optim/learning_rate.h"
#include "nn/optim/update_rule.h"

namespace assay {

using MakeUpdateRule = std::unique_ptr<UpdateRule> (*)(torch::nn::Module&, const AdamOptions&);

/// By the names that optimizer.name takes.
const Choices<MakeUpdateRule>& update_rules();

/// What a definition's [optimizer] table says, for one optimizer.
struct OptimizerOptions {
  MakeUpdateRule rule = update_rules().at("adam");
  AdamOptions adam;  ///< of which RMSProp takes beta2 for its decay, epsilon and weight_decay
  LearningRateOptions learning_rate;
  double gradient_clip = 0.0;  ///< largest global gradient norm; 0: no clipping
};

OptimizerOptions optimizer_options(const Definition& definition);

/// Keys by which one of a family's networks has an optimizer of its own:
/// optimizer.<network>_name, …_learning_rate, …_beta1, …_beta2. By default they hold what stands
/// for the common key.
Schema network_optimizer_keys(const std::string& network);

/// What they say: two rates make the two time-scale update rule (Heusel et al. 2017).
OptimizerOptions network_optimizer_options(const Definition& definition,
                                           const std::string& network);

/// What its [ema] table and eval.weights say, of a network that each batch updates once.
EmaOptions ema_options(const Definition& definition);

/// Clipping, learning-rate schedule and update rule of one network.
class Optimizer {
 public:
  Optimizer(torch::nn::Module& module, const OptimizerOptions& options);

  void zero_grad() { rule_->zero_grad(); }
  /// One update with the learning rate of context.step.
  void step(const StepContext& context);
  void visit_state(StateVisitor& visitor, const std::string& prefix);
  /// The updates that step() would make from here on, without clipping, and their rate.
  std::unique_ptr<UnrolledUpdates> unrolled() const { return rule_->unrolled(); }
  double rate(const StepContext& context) const;
  const std::vector<torch::Tensor>& parameters() const { return rule_->parameters(); }

 private:
  OptimizerOptions options_;
  std::unique_ptr<UpdateRule> rule_;
};

}  // namespace assay
