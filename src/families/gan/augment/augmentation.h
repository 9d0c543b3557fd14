// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <memory>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "config/schema.h"
#include "families/gan/adversarial_loss.h"
#include "families/trainable.h"

namespace assay {

/// What is done to every image before the discriminator judges it, real or generated, in its own
/// step and in the generator's, so that the generator learns the images and not what was done to
/// them (Zhao et al. 2020; Karras et al. 2020, "Training Generative Adversarial Networks with
/// Limited Data", sec. 2.2). Each pass draws anew, each example for itself.
class Augmentation {
 public:
  virtual ~Augmentation() = default;
  /// images: [N,C,H,W] in [−1,1]. Returns as many of that size, with a graph to them.
  virtual torch::Tensor augmented(const torch::Tensor& images, const Noise& noise) const = 0;
  /// Is told what the discriminator made of the real examples of its step: their logits, of
  /// `images` images.
  virtual void watch(const torch::Tensor& /*real_logits*/, std::int64_t /*images*/,
                     const StepContext& /*context*/, std::vector<LossTerm>& /*terms*/) {}
  virtual void visit_state(StateVisitor& /*visitor*/) {}
};

struct AugmentationMethod {
  std::string_view paper;
  std::unique_ptr<Augmentation> (*make)(const ModelArgs& args);
  Schema (*keys)();
  /// What is wrong with a definition; empty: nothing.
  std::string (*misfit)(const Definition& definition);
};

/// All of them, by the names that objective.augmentation takes. A further one is a page beside this
/// one and a line in augmentation.cpp.
const Choices<AugmentationMethod>& augmentations();

/// objective.augmentation and the keys of each.
Schema augmentation_keys();

/// Throws Error for what an augmentation does not go with.
void check_augmentation(const Definition& definition);

/// Throws Error for examples that it cannot augment.
std::unique_ptr<Augmentation> make_augmentation(const ModelArgs& args);

}  // namespace assay
