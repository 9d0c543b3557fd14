// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// −E log D(x) − E log(1 − D(G(z))) with D = sigmoid(logits), the negative of the discriminator's
/// value (Goodfellow et al. 2014, eq. 1): mean softplus(−real) + mean softplus(generated).
/// real_logits, generated_logits: any shape. Returns a 0-dim tensor; 2 log 2 for logits of zero.
torch::Tensor discriminator_loss(const torch::Tensor& real_logits,
                                 const torch::Tensor& generated_logits);

/// −E log D(G(z)) (Goodfellow et al. 2014, sec. 3): mean softplus(−generated). 0-dim.
torch::Tensor non_saturating_generator_loss(const torch::Tensor& generated_logits);

/// E log(1 − D(G(z))) (Goodfellow et al. 2014, eq. 1): −mean softplus(generated). 0-dim.
torch::Tensor minimax_generator_loss(const torch::Tensor& generated_logits);

}  // namespace assay
