// SPDX-License-Identifier: Apache-2.0
#include "nn/state.h"

#include <torch/nn/module.h>

namespace assay {

void visit_module(StateVisitor& visitor, const std::string& prefix, torch::nn::Module& module,
                  StateKind kind) {
  const bool ema = kind == StateKind::kEma;
  for (auto& item : module.named_parameters(/*recurse=*/true)) {
    visitor.tensor(prefix + "." + item.key(), item.value(), kind);
  }
  for (auto& item : module.named_buffers(/*recurse=*/true)) {
    visitor.tensor(prefix + "." + item.key(), item.value(), ema ? kind : StateKind::kBuffer);
  }
  visitor.module(prefix, module);
}

}  // namespace assay
