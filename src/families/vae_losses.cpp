// SPDX-License-Identifier: Apache-2.0
#include "families/vae_losses.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/bernoulli.h"

namespace assay {
namespace {

void check_same_shape(const torch::Tensor& a, const torch::Tensor& b) {
  TORCH_CHECK(a.sizes() == b.sizes(), "shapes ", a.sizes(), " and ", b.sizes(), " differ");
}

double pixels(const torch::Tensor& x) {
  return static_cast<double>(x.numel()) / static_cast<double>(x.size(0));
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

torch::Tensor log_prior_over_posterior(const torch::Tensor& mu, const torch::Tensor& logvar,
                                       const torch::Tensor& eps) {
  const auto z = reparameterise(mu, logvar, eps);
  return 0.5 * (eps.square() + logvar - z.square()).sum(1);
}

torch::Tensor bernoulli_nll(const torch::Tensor& x, const torch::Tensor& logits) {
  return bernoulli_cross_entropy(x, logits);
}

torch::Tensor gaussian_nll(const torch::Tensor& x, const torch::Tensor& mean,
                           const torch::Tensor& sigma) {
  check_same_shape(x, mean);
  const auto squares = (x - mean).square().flatten(1).sum(1);
  const auto log_scale = (2.0 * std::numbers::pi * sigma.square()).log();
  return squares / (2.0 * sigma.square()) + 0.5 * pixels(x) * log_scale;
}

torch::Tensor laplace_nll(const torch::Tensor& x, const torch::Tensor& mean,
                          const torch::Tensor& scale) {
  check_same_shape(x, mean);
  return (x - mean).abs().flatten(1).sum(1) / scale + pixels(x) * (2.0 * scale).log();
}

torch::Tensor optimal_gaussian_sigma(const torch::Tensor& x, const torch::Tensor& mean) {
  return (x - mean).detach().square().mean().sqrt();
}

torch::Tensor optimal_laplace_scale(const torch::Tensor& x, const torch::Tensor& mean) {
  return (x - mean).detach().abs().mean();
}

double kl_weight(double beta, double warm_up_epochs, double epoch) {
  if (warm_up_epochs <= 0.0) return beta;
  return beta * std::min(1.0, epoch / warm_up_epochs);
}

}  // namespace assay
