// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/state.h"

namespace assay {

/// Updates that are not made: where an optimizer would go on from its present state, as functions
/// with a graph to the gradients that it would be given (Metz et al. 2017, eq. 7).
class UnrolledUpdates {
 public:
  virtual ~UnrolledUpdates() = default;
  /// The parameters after the next update, from those before it and from their gradients.
  virtual std::vector<torch::Tensor> next(const std::vector<torch::Tensor>& parameters,
                                          const std::vector<torch::Tensor>& gradients,
                                          double learning_rate) = 0;
};

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
  /// The updates that step() would make from here on; they change nothing.
  virtual std::unique_ptr<UnrolledUpdates> unrolled() const = 0;
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
