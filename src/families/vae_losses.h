// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// z = μ + exp(½ log σ²) · ε (Kingma & Welling 2014, eq. 10). All [N,Z] f32, eps ~ N(0, I).
torch::Tensor reparameterise(const torch::Tensor& mu, const torch::Tensor& logvar,
                             const torch::Tensor& eps);

/// KL(q(z|x) ‖ N(0, I)) per image in nats (Kingma & Welling 2014, appendix B):
///   −½ Σ_j (1 + log σ_j² − μ_j² − σ_j²)
/// mu, logvar: [N,Z] f32. Returns [N]. Throws c10::Error if the shapes differ.
torch::Tensor kl_to_standard_normal(const torch::Tensor& mu, const torch::Tensor& logvar);

/// log p(z) − log q(z|x) per image in nats for z = mu + exp(½ logvar)·eps, p = N(0, I):
///   ½ Σ_j (eps_j² + logvar_j − z_j²),
/// the part of an importance weight that is not the likelihood (Burda et al. 2016, eq. 8). Its mean
/// over eps is −kl_to_standard_normal. mu, logvar, eps: [N,Z]. Returns [N].
torch::Tensor log_prior_over_posterior(const torch::Tensor& mu, const torch::Tensor& logvar,
                                       const torch::Tensor& eps);

/// −log p(x|z) per image in nats for independent Bernoulli pixels (Kingma & Welling 2014, app.
/// C.1):
///   −Σ_i x_i log y_i + (1 − x_i) log(1 − y_i),  y = sigmoid(logits)
/// x in [0,1], logits: [N,…]. Returns [N]. For grey values it is a cross-entropy, not a density.
torch::Tensor bernoulli_nll(const torch::Tensor& x, const torch::Tensor& logits);

/// −log N(x; mean, σ²I) per image in nats: Σ_i (x_i − mean_i)² / (2σ²) + ½ log(2πσ²).
/// x, mean: [N,…]; sigma: 0-dim, in the unit of x. Returns [N].
torch::Tensor gaussian_nll(const torch::Tensor& x, const torch::Tensor& mean,
                           const torch::Tensor& sigma);

/// −log Laplace(x; mean, b) per image in nats: Σ_i |x_i − mean_i| / b + log(2b).
/// x, mean: [N,…]; scale b: 0-dim, in the unit of x. Returns [N].
torch::Tensor laplace_nll(const torch::Tensor& x, const torch::Tensor& mean,
                          const torch::Tensor& scale);

/// The σ shared by all pixels that maximises the batch's Gaussian likelihood, √(mean (x − mean)²)
/// (optimal σ-VAE: Rybkin et al. 2021). Detached: at the optimum the likelihood's derivative by σ
/// is zero, so the gradient of the other parameters is the same. 0-dim.
torch::Tensor optimal_gaussian_sigma(const torch::Tensor& x, const torch::Tensor& mean);

/// The same for the Laplace distribution: b = mean |x − mean|. 0-dim, detached.
torch::Tensor optimal_laplace_scale(const torch::Tensor& x, const torch::Tensor& mean);

/// Weight of the KL term: β · min(1, epoch / warm_up_epochs), β itself without warm-up (Sønderby et
/// al. 2016; β-VAE: Higgins et al. 2017, eq. 4).
double kl_weight(double beta, double warm_up_epochs, double epoch);

}  // namespace assay
