// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <optional>
#include <string_view>

#include "config/choices.h"

namespace assay {

struct GanArchitecture;
struct GanShape;
class Sequential;

/// The architecture's own discriminator.
Sequential plain_critic(const GanArchitecture& architecture, const GanShape& shape);

/// What the two networks of a GAN minimise, from the discriminator's logits (any shape) to a 0-dim
/// tensor.
struct AdversarialLoss {
  std::string_view paper;
  torch::Tensor (*discriminator)(const torch::Tensor& real, const torch::Tensor& generated);
  /// `real` is undefined for a loss that does not compare.
  torch::Tensor (*generator)(const torch::Tensor& generated, const torch::Tensor& real);
  /// The generator's loss compares its logits with those of the real batch.
  bool compares = false;
  /// The logit above which the discriminator takes an example for real; nothing where only
  /// differences of logits mean something.
  std::optional<double> boundary = 0.0;
  /// Its discriminator is a logistic regression of "real".
  bool logistic = false;
  /// Scaling the logits up lowers the discriminator's loss for ever, so that something else has to
  /// bound its slope.
  bool needs_bounded_slope = false;
  /// The discriminator that it takes, of an architecture.
  Sequential (*critic)(const GanArchitecture& architecture, const GanShape& shape) = plain_critic;
  /// Its terms are held in equilibrium (began.h).
  bool balanced = false;

  bool autoencodes() const { return critic != plain_critic; }
};

/// All of them, by the names that objective.loss takes. A further one is a page beside this one and
/// a line in adversarial_loss.cpp.
const Choices<AdversarialLoss>& adversarial_losses();

}  // namespace assay
