// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/likelihoods.h"

#include <ATen/ATen.h>

#include <numbers>

#include "kernels/pointwise/bernoulli.h"

namespace assay {
namespace {

void check_same_shape(const torch::Tensor& a, const torch::Tensor& b) {
  TORCH_CHECK(a.sizes() == b.sizes(), "shapes ", a.sizes(), " and ", b.sizes(), " differ");
}

double pixels(const torch::Tensor& x) {
  return static_cast<double>(x.numel()) / static_cast<double>(x.size(0));
}

}  // namespace

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

torch::Tensor discretised_logistic_nll(const torch::Tensor& x, const torch::Tensor& mean,
                                       const torch::Tensor& scale) {
  check_same_shape(x, mean);
  constexpr double kHalfLevel = 1.0 / 255.0;
  const auto upper = (x + kHalfLevel - mean) / scale, lower = (x - kHalfLevel - mean) / scale;
  const auto below = x<-1.0 + kHalfLevel, above = x> 1.0 - kHalfLevel;
  // σ(u) − σ(l) = (1 − e^(l−u)) / ((1 + e^(−u)) (1 + e^l)), and u − l is the same everywhere: no
  // difference of nearly equal numbers is formed.
  const auto inside = -at::log(-at::expm1(-2.0 * kHalfLevel / scale));
  const auto zero = at::zeros_like(x);
  const auto nll = at::where(above, zero, at::softplus(-upper)) +
                   at::where(below, zero, at::softplus(lower)) +
                   at::where(at::logical_or(below, above), zero, inside);
  return nll.flatten(1).sum(1);
}

}  // namespace assay
