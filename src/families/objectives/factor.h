// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "families/objectives/latent_term.h"
#include "nn/noise.h"

namespace assay {

/// Codes whose dimensions are shuffled over the batch, each on its own: draws of Π_j q(z_j) (Kim &
/// Mnih 2018, algorithm 1). z: [B,Z]; `noise` is of its device. Detached.
torch::Tensor permute_codes(const torch::Tensor& z, const Noise& noise);

/// KL(q(z) ‖ Π_j q(z_j)) by the density ratio (Kim & Mnih 2018, eq. 3): E log D(z) / (1 − D(z)),
/// the mean of the logits [B,1] of a discriminator on codes. 0-dim, nats.
torch::Tensor density_ratio_total_correlation(const torch::Tensor& logits);

/// Cross-entropy of the discriminator that tells codes from permuted ones (Kim & Mnih 2018,
/// algorithm 2): ½ mean softplus(−logits) + ½ mean softplus(permuted_logits). 0-dim, log 2 for
/// zeros.
torch::Tensor factor_discriminator_loss(const torch::Tensor& logits,
                                        const torch::Tensor& permuted_logits);

/// FactorVAE: γ times the total correlation that a discriminator estimates, linear layers with
/// leaky ReLU 0.2 (the paper: 6 of 1000), which has an optimizer of its own and learns after each
/// step. One logit, since of the paper's two only the difference matters. Permuted codes are of the
/// same batch, as in disentanglement_lib, not of a second one. Logs factor_total_correlation_nats,
/// discriminator_loss, discriminator_accuracy; its state is "discriminator.…".
LatentTermSource factor_penalty();

}  // namespace assay
