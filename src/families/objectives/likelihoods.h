// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

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

/// −log of the probability mass that a logistic distribution gives each 8-bit level, per image in
/// nats (Kingma et al. 2016, appendix B.2; Salimans et al. 2017, sec. 2.1). On [−1,1] a level is
/// 2/255 wide, the lowest reaches to −∞ and the highest to +∞:
///   −Σ_i log(σ((x_i + 1/255 − mean_i)/s) − σ((x_i − 1/255 − mean_i)/s)).
/// x: [N,…] of levels u8/127.5 − 1; mean: [N,…]; scale s: 0-dim, in the unit of x. Returns [N]. A
/// true probability: divided by the number of pixels and log 2 it is bits per dimension.
torch::Tensor discretised_logistic_nll(const torch::Tensor& x, const torch::Tensor& mean,
                                       const torch::Tensor& scale);

}  // namespace assay
