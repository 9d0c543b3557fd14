// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// q(z|x) = N(mu, diag(exp(logvar))) of N images.
struct Posterior {
  torch::Tensor mu;      ///< [N,Z]
  torch::Tensor logvar;  ///< [N,Z]; undefined for an encoder that gives a point
};

/// z = μ + exp(½ log σ²) · ε (Kingma & Welling 2014, eq. 10). All [N,Z] f32, eps ~ N(0, I).
torch::Tensor reparameterise(const torch::Tensor& mu, const torch::Tensor& logvar,
                             const torch::Tensor& eps);

/// KL(q(z|x) ‖ N(0, I)) per image in nats (Kingma & Welling 2014, appendix B):
///   −½ Σ_j (1 + log σ_j² − μ_j² − σ_j²)
/// mu, logvar: [N,Z] f32. Returns [N]. Throws c10::Error if the shapes differ.
torch::Tensor kl_to_standard_normal(const torch::Tensor& mu, const torch::Tensor& logvar);

/// Its summands, [N,Z] nats.
torch::Tensor kl_per_dimension(const torch::Tensor& mu, const torch::Tensor& logvar);

/// log p(z) − log q(z|x) per image in nats for z = mu + exp(½ logvar)·eps, p = N(0, I):
///   ½ Σ_j (eps_j² + logvar_j − z_j²),
/// the part of an importance weight that is not the likelihood (Burda et al. 2016, eq. 8). Its mean
/// over eps is −kl_to_standard_normal. mu, logvar, eps: [N,Z]. Returns [N].
torch::Tensor log_prior_over_posterior(const torch::Tensor& mu, const torch::Tensor& logvar,
                                       const torch::Tensor& eps);

/// log N(z_j; mu_j, exp(logvar_j)) of each dimension in nats; shapes broadcast.
torch::Tensor log_normal(const torch::Tensor& z, const torch::Tensor& mu,
                         const torch::Tensor& logvar);

/// Importance-weighted bound per image in nats (Burda et al. 2016, eq. 8):
///   log 1/k Σ_i w_i.
/// log_weights: [k,N] of log p(x,z_i) − log q(z_i|x), z_i ~ q(z|x). Returns [N]; the ELBO for k
/// = 1.
torch::Tensor importance_weighted_bound(const torch::Tensor& log_weights);

}  // namespace assay
