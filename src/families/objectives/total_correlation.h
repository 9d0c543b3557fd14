// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "families/objectives/latent_term.h"

namespace assay {

/// How a batch stands for the data in q(z) = 1/D Σ_n q(z|n).
enum class AggregateEstimator {
  kWeighted,   ///< minibatch weighted sampling: biased towards a constant, lowest variance
  kStratified  ///< minibatch stratified sampling: 1/D Σ_n is unbiased
};

/// The KL term in three parts (Chen et al. 2018, eq. 2), each a mean over the batch in nats, 0-dim:
///   E KL(q(z|x) ‖ p(z)) = I(z;x) + KL(q(z) ‖ Π_j q(z_j)) + Σ_j KL(q(z_j) ‖ p(z_j)).
struct KlParts {
  torch::Tensor mutual_information;  ///< of codes and images under q
  torch::Tensor total_correlation;
  torch::Tensor dimension_wise_kl;
};

/// Logarithms of the weights [B,B] that row i gives the posteriors of the batch in log q(z_i) ≈
/// log Σ_j w_ij q(z_i|x_j), for a data set of `data_size` images.
/// Weighted (Chen et al. 2018, appendix C.1): w = 1 / (B·D).
/// Stratified (ibid., C.2): the image itself weighs 1/D, the next one (D − M)/(D·M), all others
/// 1/M, with M = B − 1. (The published code puts the first two in columns 0 and 1 of every row.)
torch::Tensor log_batch_weights(std::int64_t batch_size, std::int64_t data_size,
                                AggregateEstimator estimator, const torch::TensorOptions& options);

/// Estimates the three parts from one z [B,Z] of each posterior of a batch (mu, logvar: [B,Z]),
/// against p(z) = N(0, I). Their sum is the batch's one-sample estimate of the KL term, whatever
/// the estimator. Takes B²·Z numbers. Throws c10::Error unless 2 ≤ B ≤ data_size.
KlParts kl_parts(const torch::Tensor& z, const torch::Tensor& mu, const torch::Tensor& logvar,
                 std::int64_t data_size, AggregateEstimator estimator);

/// The KL term's weight · (α I + β TC + γ Σ_j KL_j), of the first draw: β-TCVAE for α = γ = 1. Logs
/// mutual_information_nats, total_correlation_nats, dimension_wise_kl_nats.
LatentTermSource kl_parts_term();

}  // namespace assay
