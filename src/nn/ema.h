// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

namespace assay {

struct EmaOptions {
  double decay = 0.0;  ///< per step; 0: no average is kept
  bool ramp = true;
};

/// Decay at 0-based `step`: decay, or min(decay, (1 + step) / (10 + step)) when ramped, so that the
/// initial weights are forgotten early.
double ema_decay(const EmaOptions& options, std::int64_t step);

/// Exponential moving average of a network, kept in a second network of the same architecture that
/// is used as it is for sampling: shadow ← d · shadow + (1 − d) · live, for parameters and for
/// floating-point buffers (running statistics of batch normalisation); other buffers are copied.
class Ema {
 public:
  /// Copies live's weights into shadow, sets it to eval mode and stops its gradients. Both must
  /// outlive this and have the same parameters. Throws c10::Error if they do not.
  Ema(torch::nn::Module& shadow, const torch::nn::Module& live, const EmaOptions& options);
  /// Call once after the optimizer's step.
  void update(std::int64_t step);

 private:
  EmaOptions options_;
  std::vector<torch::Tensor> shadow_, live_;                    // averaged
  std::vector<torch::Tensor> shadow_counters_, live_counters_;  // copied
};

}  // namespace assay
