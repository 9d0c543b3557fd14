// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "nn/state.h"

namespace assay {

/// What turns the gradients of all parameters of a module into a step.
class UpdateRule {
 public:
  /// Keeps the module's parameter tensors; they must stay on their device. Throws c10::Error for a
  /// module without parameters.
  explicit UpdateRule(torch::nn::Module& module);
  virtual ~UpdateRule() = default;
  UpdateRule(const UpdateRule&) = delete;
  UpdateRule& operator=(const UpdateRule&) = delete;

  /// Drops all gradients.
  void zero_grad();
  /// One update from the gradients that backward() left. Throws c10::Error naming a parameter that
  /// has none: a part of the network that the loss does not reach.
  virtual void step(double learning_rate) = 0;
  /// What the next step depends on, as "<prefix>.<parameter>.<quantity>".
  virtual void visit_state(StateVisitor& visitor, const std::string& prefix) = 0;
  const std::vector<torch::Tensor>& parameters() const { return parameters_; }

 protected:
  /// Those of all parameters. Throws as step().
  std::vector<torch::Tensor> gradients() const;
  std::vector<torch::Tensor> zeros_like_parameters() const;

  std::vector<std::string> names_;
  std::vector<torch::Tensor> parameters_;
};

}  // namespace assay
