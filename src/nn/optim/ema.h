// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "nn/state.h"

namespace assay {

struct EmaOptions {
  double decay = 0.0;  ///< per step; 0: no average is kept
  bool ramp = true;
  bool scored = true;  ///< the average is what is scored and sampled, not the live weights
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

/// A network that trains and, where one is kept, its moving average.
template <class Network>
class Averaged {
 public:
  explicit Averaged(Network live) : live_(std::move(live)) {}

  /// Keeps the average in what make() gives, a network like the live one, if options.decay > 0.
  template <class Make>
  void keep_average(const EmaOptions& options, const Make& make) {
    if (options.decay <= 0.0) return;
    shadow_ = make();
    ema_.emplace(*shadow_, *live_, options);
    scores_average_ = options.scored;
  }
  Network& live() { return live_; }
  /// The average, or the live network if none is kept.
  Network& average() { return ema_ ? shadow_ : live_; }
  /// What eval.weights asks for: it decides scores alone, nothing that trains may look at it.
  Network& scored() { return scores_average_ ? shadow_ : live_; }
  /// Call once after the optimizer's step.
  void update(std::int64_t step) {
    if (ema_) ema_->update(step);
  }
  void visit_average(StateVisitor& visitor, const std::string& prefix) {
    if (ema_) visit_module(visitor, prefix, *shadow_, StateKind::kEma);
  }

 private:
  Network live_, shadow_{nullptr};
  std::optional<Ema> ema_;
  bool scores_average_ = false;
};

}  // namespace assay
