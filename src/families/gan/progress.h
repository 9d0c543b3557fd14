// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <vector>

#include "families/gan/adversarial_loss.h"
#include "families/trainable.h"

namespace assay {

/// objective.vanishing_norm and objective.won_accuracy, which change no number.
Schema failure_keys();

/// By what a GAN's terms tell that training has failed (gan.h).
std::vector<FailureSign> gan_failure_signs(const Definition& definition,
                                           const AdversarialLoss& loss);

/// Appends how much of the batch the discriminator tells right.
void log_accuracy(const AdversarialLoss& loss, const torch::Tensor& real,
                  const torch::Tensor& generated, std::vector<LossTerm>& terms);

}  // namespace assay
