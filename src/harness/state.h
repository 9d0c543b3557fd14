// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "families/trainable.h"
#include "nn/files/safetensors.h"

namespace assay {

/// Every tensor of a model's state, by name (shared storage, not copies).
TensorMap state_tensors(Trainable& model);

/// Copies tensors into a model's state. Throws Error naming `label` if a name is missing or
/// unexpected, or a shape or type differs: nothing is changed then.
void restore_state(Trainable& model, const TensorMap& tensors, const std::string& label);

/// Moves every tensor of the state to a device.
void move_state(Trainable& model, torch::Device device);

/// Number of trainable parameters.
std::int64_t parameter_count(Trainable& model);

/// Name of the first tensor of the state that holds a non-finite value, or nothing.
std::optional<std::string> first_non_finite(Trainable& model);

/// SHA-256 over name, type, shape and bytes of every tensor of the state, in the order of names:
/// equal for two runs exactly when they would continue alike.
std::string state_hash(Trainable& model);

/// CSV "tensor,sha256" of each tensor in the order of names: the first 12 hex digits.
std::string tensor_hashes(Trainable& model);

}  // namespace assay
