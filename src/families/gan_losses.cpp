// SPDX-License-Identifier: Apache-2.0
#include "families/gan_losses.h"

#include "kernels/logistic_loss.h"

namespace assay {

torch::Tensor discriminator_loss(const torch::Tensor& real_logits,
                                 const torch::Tensor& generated_logits) {
  return logistic_loss(real_logits, true) + logistic_loss(generated_logits, false);
}

torch::Tensor non_saturating_generator_loss(const torch::Tensor& generated_logits) {
  return logistic_loss(generated_logits, true);
}

torch::Tensor minimax_generator_loss(const torch::Tensor& generated_logits) {
  return -logistic_loss(generated_logits, false);
}

}  // namespace assay
