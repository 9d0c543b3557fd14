// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"
#include "families/trainable.h"
#include "nn/optim/adam.h"
#include "nn/optim/ema.h"
#include "nn/optim/learning_rate.h"

namespace assay {

/// What a definition's [optimizer] table says, for one optimizer.
struct OptimizerOptions {
  AdamOptions adam;
  LearningRateOptions learning_rate;
  double gradient_clip = 0.0;  ///< largest global gradient norm; 0: no clipping
};

OptimizerOptions optimizer_options(const Definition& definition);

/// What its [ema] table and eval.weights say.
EmaOptions ema_options(const Definition& definition);

/// Clipping, learning-rate schedule and Adam of one network.
class Optimizer {
 public:
  Optimizer(torch::nn::Module& module, const OptimizerOptions& options);

  void zero_grad() { adam_.zero_grad(); }
  /// One update with the learning rate of context.step.
  void step(const StepContext& context);
  void visit_state(StateVisitor& visitor, const std::string& prefix);
  const std::vector<torch::Tensor>& parameters() const { return adam_.parameters(); }

 private:
  OptimizerOptions options_;
  Adam adam_;
};

}  // namespace assay
