// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "families/trainable.h"

namespace assay {

/// How the probability p of adaptive augmentation follows the discriminator (Karras et al. 2020,
/// sec. 3.2). Of all real examples since it last moved, r = E sign D(x) says how far the
/// discriminator knows the training set by heart. Every `interval` steps of N images
///   p ← max(0, p + N · interval / (1000 · kimg) · sign(r − target)),
/// as the authors' code has it: above 1 nothing more is done than at 1, and there is no upper
/// bound.
class AdaController {
 public:
  struct Options {
    double target = 0.6;
    double kimg = 500.0;        ///< thousands of images for p to move by 1
    std::int64_t interval = 4;  ///< steps
    double initial = 0.0;
    double boundary = 0.0;  ///< the logit that neither real nor generated ones should have
  };
  AdaController(const Options& options, torch::Device device);

  const torch::Tensor& p() const { return p_; }
  /// After a step of the discriminator on `images` real images. Appends ada_p, the p that it saw (a
  /// generator that learns after it sees the next one), and ada_sign, r of its logits alone.
  void watch(const torch::Tensor& real_logits, std::int64_t images, std::int64_t step,
             std::vector<LossTerm>& terms);
  /// "ada.p", "ada.signs" and "ada.judged", all 0-dim.
  void visit_state(StateVisitor& visitor);

 private:
  Options options_;
  torch::Tensor p_, signs_, judged_;
};

}  // namespace assay
