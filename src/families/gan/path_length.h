// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "families/optimizer.h"
#include "families/trainable.h"

namespace assay {

/// Path-length regularisation of a generator that makes images of styles w (Karras et al. 2020,
/// "Analyzing and Improving the Image Quality of StyleGAN", sec. 3.2): a step in w is to be a
/// change of the same size everywhere.

/// Directions y in the space of images [N,C,H,W]: N(0, 1)/√(HW), so that lengths do not depend on
/// the resolution.
torch::Tensor path_directions(const torch::Tensor& images, const Noise& noise);

/// ‖J_wᵀ y‖ of each image, [N]: √(mean over layers of Σ over dimensions of (∂/∂w Σ y·G(w))²), with
/// a graph. images: [N,C,H,W], made of w [N,L,W]; y: [N,C,H,W]. 1e-12 under the root, which has no
/// derivative at 0.
torch::Tensor path_lengths(const torch::Tensor& images, const torch::Tensor& w,
                           const torch::Tensor& y);

/// objective.path_length, objective.path_length_interval and objective.path_length_batch_shrink.
/// Each needs a generator of styles (style_generator.h).
Schema path_length_keys();

/// What a definition says of it, and the running mean a of lengths.
class PathLength {
 public:
  PathLength(const Definition& definition, torch::Device device);

  /// At the generator's `updates`-th update, from 0, and not every interval k.
  bool due(std::int64_t updates) const { return weight_ > 0.0 && updates % interval_ == 0; }
  /// Updates from one penalty to the next; 1: every one is alike.
  std::int64_t interval() const { return weight_ > 0.0 ? interval_ : 1; }
  /// It has an update of its own (penalty_step.h), which the generator's options tell of.
  bool apart() const { return apart_; }
  OptimizerOptions optimizer_options(const Definition& definition) const;
  /// Of a batch of N images how many it looks at: N/shrink.
  std::int64_t images_of(std::int64_t batch) const { return batch / shrink_; }

  /// k · weight · E(‖J_wᵀ y‖ − a)² (eq. 4; k as of sec. 3.1), a moved by .01 of the way to the mean
  /// of these lengths before it is taken off: like the authors' code with a gradient through that
  /// hundredth. Appends path_length, weight · E(…)², and path_length_mean, a.
  torch::Tensor penalty(const torch::Tensor& images, const torch::Tensor& w, const Noise& noise,
                        std::vector<LossTerm>& terms);
  /// "path_length.mean", 0 at the start.
  void visit_state(StateVisitor& visitor);

 private:
  double weight_;
  std::int64_t interval_, shrink_;
  bool apart_;
  torch::Tensor mean_;
};

}  // namespace assay
