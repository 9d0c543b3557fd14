// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "nn/state.h"

namespace assay {

/// How long an average remembers: by a decay per step, or by a half-life in training images, which
/// counts where it is given.
struct EmaOptions {
  double decay = 0.0;  ///< per step
  bool ramp = true;    ///< of the decay
  bool scored = true;  ///< the average is what is scored and sampled, not the live weights
  std::int64_t half_life_images = 0;  ///< until a weight counts half; 0: decay is used
  double ramp_ratio = 0.0;            ///< most of the images seen that it may be; 0: any length
  std::int64_t images_per_step = 1;

  /// Whether an average is kept at all.
  bool averages() const { return decay > 0.0 || half_life_images > 0; }
};

/// Decay at 0-based `step`, so that the initial weights are forgotten early. By decay: decay, or
/// min(decay, (1 + step) / (10 + step)) when ramped. By half-life (Karras et al. 2020,
/// "Analyzing and Improving the Image Quality of StyleGAN", code; with the ramp Karras et al. 2022,
/// code):
///   0.5^(images_per_step / min(half_life_images, ramp_ratio · images_seen)),
/// images_seen = step · images_per_step being those before this step; 0, a copy of the live
/// weights, where the ramp leaves no half-life.
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

  /// Keeps the average in what make() gives, a network like the live one, if options say so.
  template <class Make>
  void keep_average(const EmaOptions& options, const Make& make) {
    if (!options.averages()) return;
    shadow_ = make();
    ema_.emplace(*shadow_, *live_, options);
    scores_average_ = options.scored;
  }
  Network& live() { return live_; }
  /// The average, or the live network if none is kept.
  Network& average() { return ema_ ? shadow_ : live_; }
  /// What eval.weights asks for: it decides scores alone, nothing that trains may look at it.
  Network& scored() { return scores_average_ ? shadow_ : live_; }
  bool averages() const { return ema_.has_value(); }
  bool scores_average() const { return scores_average_; }
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
