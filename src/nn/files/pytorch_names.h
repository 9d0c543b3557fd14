// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/files/safetensors.h"

namespace assay {

// Weights as PyTorch's modules hold them. Names are those of state_dict() of the same modules in
// nn.Sequential or under the same attributes ("0.weight", "4.running_var", "2.conv1.bias"), and
// three tensors have other names or meanings there; README.md beside this file has the table.

/// A network's tensors under PyTorch's names.
TensorMap to_pytorch(const TensorMap& network);

/// Copies tensors under PyTorch's names into a network's. Throws Error naming `label` if a name is
/// missing (but num_batches_tracked, which nothing reads) or unexpected, or a shape or type
/// differs: nothing is changed then.
void from_pytorch(const TensorMap& stored, const std::string& label, TensorMap& network);

}  // namespace assay
