// SPDX-License-Identifier: Apache-2.0
#include "families/gan_losses.h"

#include <ATen/ATen.h>

namespace assay {

torch::Tensor discriminator_loss(const torch::Tensor& real_logits,
                                 const torch::Tensor& generated_logits) {
  return at::softplus(-real_logits).mean() + at::softplus(generated_logits).mean();
}

torch::Tensor non_saturating_generator_loss(const torch::Tensor& generated_logits) {
  return at::softplus(-generated_logits).mean();
}

torch::Tensor minimax_generator_loss(const torch::Tensor& generated_logits) {
  return -at::softplus(generated_logits).mean();
}

torch::Tensor spread(const torch::Tensor& samples) {
  return samples.flatten(1).std(/*dim=*/0, /*unbiased=*/false).mean();
}

}  // namespace assay
