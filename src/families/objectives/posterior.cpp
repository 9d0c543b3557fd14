// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/posterior.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace assay {
namespace {

void check_same_shape(const torch::Tensor& a, const torch::Tensor& b) {
  TORCH_CHECK(a.sizes() == b.sizes(), "shapes ", a.sizes(), " and ", b.sizes(), " differ");
}

}  // namespace

torch::Tensor reparameterise(const torch::Tensor& mu, const torch::Tensor& logvar,
                             const torch::Tensor& eps) {
  check_same_shape(mu, eps);
  return at::addcmul(mu, (0.5 * logvar).exp(), eps);
}

torch::Tensor kl_to_standard_normal(const torch::Tensor& mu, const torch::Tensor& logvar) {
  check_same_shape(mu, logvar);
  return -0.5 * (1.0 + logvar - mu.square() - logvar.exp()).sum(1);
}

torch::Tensor kl_per_dimension(const torch::Tensor& mu, const torch::Tensor& logvar) {
  check_same_shape(mu, logvar);
  return -0.5 * (1.0 + logvar - mu.square() - logvar.exp());
}

torch::Tensor log_prior_over_posterior(const torch::Tensor& mu, const torch::Tensor& logvar,
                                       const torch::Tensor& eps) {
  const auto z = reparameterise(mu, logvar, eps);
  return 0.5 * (eps.square() + logvar - z.square()).sum(1);
}

torch::Tensor log_normal(const torch::Tensor& z, const torch::Tensor& mu,
                         const torch::Tensor& logvar) {
  const double log_two_pi = std::log(2.0 * std::numbers::pi);
  return -0.5 * ((z - mu).square() * (-logvar).exp() + logvar + log_two_pi);
}

torch::Tensor importance_weighted_bound(const torch::Tensor& log_weights) {
  TORCH_CHECK(log_weights.dim() == 2, "importance weights must be [k,N], not ",
              log_weights.sizes());
  return at::logsumexp(log_weights, 0) - std::log(static_cast<double>(log_weights.size(0)));
}

}  // namespace assay
