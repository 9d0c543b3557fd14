// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "families/objectives/latent_term.h"

namespace assay {

/// Covariance (÷N) of the posterior means over the batch, Cov_x[μ(x)] (Kumar et al. 2018:
/// DIP-VAE-I). mu: [N,Z]. Returns [Z,Z].
torch::Tensor mean_covariance(const torch::Tensor& mu);

/// Covariance of the aggregate posterior, Cov_q(z) = E_x[Σ(x)] + Cov_x[μ(x)] (Kumar et al. 2018:
/// DIP-VAE-II). mu, logvar: [N,Z]. Returns [Z,Z].
torch::Tensor aggregate_covariance(const torch::Tensor& mu, const torch::Tensor& logvar);

/// How far a covariance [Z,Z] is from the identity (Kumar et al. 2018, eq. 6-7), in two parts:
struct IdentityDistance {
  torch::Tensor off_diagonal;  ///< Σ_{i≠j} C_ij², 0-dim
  torch::Tensor diagonal;      ///< Σ_i (C_ii − 1)², 0-dim
};
IdentityDistance distance_from_identity(const torch::Tensor& covariance);

/// DIP-VAE: both parts, each with its weight. Logs covariance_off_diagonal, covariance_diagonal.
LatentTermSource dip_penalty();

}  // namespace assay
