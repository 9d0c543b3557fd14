// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "families/diffusion/process.h"

namespace assay {

/// The variational bound of a grid process, −log p(x_0) ≤ L_T + Σ_t L_t (Ho et al. 2020, eq. 5;
/// Nichol & Dhariwal 2021, sec. 3.1), for p(x_s|x_t) with the posterior's mean at an estimate of
/// x_0 and variance Σ. All nats of an example, summed over its values; x0, x_t and estimates
/// [N,…] of pixels in [−1,1] or points; steps i [N] i64, of which 0 leads to x_0.
class VariationalBound {
 public:
  /// `pixels`: p(x_0|x_1) is the probability of one of 256 levels (Ho et al. 2020, eq. 13); else
  /// the density of a Gaussian. `device`: where tensors lie. T ≥ 2.
  VariationalBound(const Process& grid, bool pixels, torch::Device device);

  /// log Σ = share · log β + (1 − share) · log β̃ (Nichol & Dhariwal 2021, eq. 15), where β̃_1 = 0
  /// stands for β̃_2. share: [N,…].
  torch::Tensor log_variance(const torch::Tensor& share, const torch::Tensor& i) const;

  /// L_i, [N]: KL(q(x_s|x_t, x_0) ‖ p(x_s|x_t)), and −log p(x_0|x_1) of step 0.
  torch::Tensor term(const torch::Tensor& x0, const torch::Tensor& estimate,
                     const torch::Tensor& log_variance, const torch::Tensor& i) const;

  /// L_T, [N]: KL(q(x_T|x_0) ‖ N(0, I)).
  torch::Tensor prior_term(const torch::Tensor& x0) const;

 private:
  bool pixels_;
  Marginal noisiest_;
  torch::Tensor estimate_weight_, log_beta_, log_posterior_;  // [T]
};

}  // namespace assay
