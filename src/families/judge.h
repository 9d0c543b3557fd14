// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <optional>

namespace assay {

/// A model with a network that tells real examples from generated ones.
class Judge {
 public:
  virtual ~Judge() = default;
  /// Its logit of each example, [N,…] on any device -> [N] on the CPU, without gradients or a
  /// change of state; nothing where it judges no example on its own.
  virtual std::optional<torch::Tensor> logits_of(const torch::Tensor& examples) = 0;
};

}  // namespace assay
