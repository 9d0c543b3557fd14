// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <optional>

#include "nn/blocks/condition.h"
#include "nn/noise.h"

namespace assay {

/// A network that looks at noisy examples and the time, and at a condition where it was built for
/// one.
class DenoisingNetwork : public torch::nn::Module {
 public:
  /// x_t: [N,…] f32; t: [N] f32. Of the condition it takes what it was built for. Returns x_t's
  /// shape, or twice its channels where a second output was asked for. `noise` draws dropout masks
  /// in training.
  virtual torch::Tensor predict(const torch::Tensor& x_t, const torch::Tensor& t,
                                const Condition& condition, std::optional<Noise> noise) = 0;
};

}  // namespace assay
