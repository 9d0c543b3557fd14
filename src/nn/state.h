// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace torch::nn {
class Module;
}

namespace assay {

/// What role a tensor of the training state has.
enum class StateKind { kParameter, kBuffer, kEma, kOptimizer };

/// Walks a model's training state; names are unique and stable ("generator.linear.weight").
class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  virtual void tensor(const std::string& name, at::Tensor& value, StateKind kind) = 0;
  /// A module, after all of its tensors.
  virtual void module(const std::string& /*prefix*/, torch::nn::Module& /*module*/) {}
};

/// Visits a module's parameters, then its buffers, as "<prefix>.<name>". With kind kEma all are
/// visited as such.
void visit_module(StateVisitor& visitor, const std::string& prefix, torch::nn::Module& module,
                  StateKind kind = StateKind::kParameter);

}  // namespace assay
