// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <functional>
#include <memory>

#include "families/objectives/posterior.h"

namespace assay {

/// p(z).
class Prior {
 public:
  virtual ~Prior() = default;
  /// log p(z) − log q(z|x) per code in nats at z = mu + exp(½ logvar)·eps. [N]
  virtual torch::Tensor log_ratio(const Posterior& posterior, const torch::Tensor& eps) = 0;
  /// KL(q(z|x) ‖ p) per image in nats [N]: in closed form, or its one-sample estimate at eps.
  virtual torch::Tensor kl(const Posterior& posterior, const torch::Tensor& eps) = 0;
  /// `count` codes on the CPU, drawn one after another from a CPU generator. [count,Z]
  virtual torch::Tensor sample(std::int64_t count, torch::Generator generator) = 0;
};

/// N(0, I).
std::unique_ptr<Prior> make_standard_normal_prior(std::int64_t latent_dim);

/// 1/K Σ_k q(z|u_k), the "variational mixture of posteriors" of K learned pseudo-inputs u (Tomczak
/// & Welling 2018). `components` gives the q(z|u_k).
std::unique_ptr<Prior> make_vamp_prior(std::function<Posterior()> components);

/// log 1/K Σ_k N(z; mu_k, diag(exp(logvar_k))) per row of z [N,Z], in nats. [N]
torch::Tensor log_mixture(const torch::Tensor& z, const Posterior& components);

}  // namespace assay
