// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include "families/optimizer.h"
#include "nn/blocks/sequential.h"
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

/// The discriminator of FactorVAE and its optimizer: linear layers with leaky ReLU 0.2 (the paper:
/// 6 of 1000). One logit, since of the paper's two only the difference matters. Permuted codes are
/// of the same batch, as in disentanglement_lib, not of a second one.
class FactorDiscriminator {
 public:
  FactorDiscriminator(const Definition& definition, std::int64_t latent_dim, torch::Device device);

  /// The estimate of the total correlation that the encoder minimises. z: [B,Z]. Its gradient does
  /// not reach the discriminator's weights.
  torch::Tensor total_correlation(const torch::Tensor& z);
  /// One step of the discriminator.
  std::vector<LossTerm> update(const torch::Tensor& z, const StepContext& context);
  void visit_state(StateVisitor& visitor);

 private:
  Sequential network_;
  Optimizer optimizer_;
};

}  // namespace assay
