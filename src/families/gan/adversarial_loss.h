// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <string_view>

#include "config/choices.h"

namespace assay {

/// What the two networks of a GAN minimise, from the discriminator's logits (any shape) to a 0-dim
/// tensor.
struct AdversarialLoss {
  std::string_view paper;
  torch::Tensor (*discriminator)(const torch::Tensor& real, const torch::Tensor& generated);
  torch::Tensor (*generator)(const torch::Tensor& generated);
};

/// All of them, by the names that objective.loss takes. A further one is a page beside this one and
/// a line in adversarial_loss.cpp.
const Choices<AdversarialLoss>& adversarial_losses();

}  // namespace assay
