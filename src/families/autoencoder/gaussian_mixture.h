// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>

namespace assay {

/// Σ_k w_k N(mean_k, covariance_k), everything f64 on the CPU.
struct GaussianMixture {
  torch::Tensor weights;      ///< [K]
  torch::Tensor means;        ///< [K,Z]
  torch::Tensor covariances;  ///< [K,Z,Z]
};

struct MixtureFit {
  GaussianMixture mixture;
  double log_likelihood = 0.0;  ///< mean over the codes, nats
  std::int64_t iterations = 0;
};

/// One Gaussian of maximum likelihood: mean, and covariance (÷N). codes: [N,Z].
GaussianMixture fit_gaussian(const torch::Tensor& codes);

/// Expectation-maximisation (Dempster, Laird & Rubin 1977) from responsibilities [N,K], with full
/// covariances whose diagonals get 1e-6 added as in scikit-learn. Ends when the mean log-likelihood
/// gains less than `tolerance` nats, or after `most_iterations`.
MixtureFit expectation_maximisation(const torch::Tensor& codes,
                                    const torch::Tensor& responsibilities, double tolerance = 1e-3,
                                    std::int64_t most_iterations = 100);

/// A mixture by expectation-maximisation that starts from each code's nearest of K centres, which
/// are picked among the codes by k-means++ (Arthur & Vassilvitskii 2007). codes: [N,Z], N ≥ K.
MixtureFit fit_gaussian_mixture(const torch::Tensor& codes, std::int64_t components,
                                torch::Generator generator);

/// `count` draws [count,Z] f32, one after another from a CPU generator.
torch::Tensor sample_mixture(const GaussianMixture& mixture, std::int64_t count,
                             torch::Generator generator);

}  // namespace assay
