// SPDX-License-Identifier: Apache-2.0
#include "families/autoencoder/gaussian_mixture.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "families/sampling.h"

namespace assay {
namespace {

constexpr double kAddedVariance = 1e-6;

// Σ_n r_nk (x_n − m_k)(x_n − m_k)ᵀ / Σ_n r_nk for each k.
torch::Tensor weighted_covariances(const torch::Tensor& codes, const torch::Tensor& means,
                                   const torch::Tensor& responsibilities,
                                   const torch::Tensor& counts) {
  std::vector<torch::Tensor> covariances;
  for (std::int64_t k = 0; k < means.size(0); ++k) {
    const auto centred = codes - means[k];
    const auto weighted = centred * responsibilities.select(1, k).unsqueeze(1);
    covariances.push_back(at::mm(weighted.t(), centred) / counts[k]);
  }
  return at::stack(covariances);
}

GaussianMixture maximise(const torch::Tensor& codes, const torch::Tensor& responsibilities) {
  // A component that lost all its codes keeps a count, as in scikit-learn.
  const auto counts = responsibilities.sum(0) + 10.0 * std::numeric_limits<double>::epsilon();
  GaussianMixture mixture;
  mixture.weights = counts / counts.sum();
  mixture.means = at::mm(responsibilities.t(), codes) / counts.unsqueeze(1);
  mixture.covariances = weighted_covariances(codes, mixture.means, responsibilities, counts) +
                        kAddedVariance * at::eye(codes.size(1), codes.options());
  return mixture;
}

// log w_k + log N(x_n; mean_k, covariance_k), [N,K].
torch::Tensor log_joint(const GaussianMixture& mixture, const torch::Tensor& codes) {
  std::vector<torch::Tensor> columns;
  for (std::int64_t k = 0; k < mixture.means.size(0); ++k) {
    const auto factor = at::linalg_cholesky(mixture.covariances[k]);
    const auto white = at::linalg_solve_triangular(factor, (codes - mixture.means[k]).t(),
                                                   /*upper=*/false);
    const auto log_determinant = 2.0 * factor.diagonal().log().sum();
    const double log_two_pi = static_cast<double>(codes.size(1)) * std::log(2.0 * std::numbers::pi);
    columns.push_back(mixture.weights[k].log() -
                      0.5 * (white.square().sum(0) + log_determinant + log_two_pi));
  }
  return at::stack(columns, 1);
}

double uniform(torch::Generator& generator) {
  return at::rand({}, generator, at::kDouble).item<double>();
}

// Index of the interval of cumulative weights that holds u.
std::int64_t pick(const torch::Tensor& weights, double u) {
  const auto cumulative = weights.cumsum(0);
  const auto place = at::searchsorted(cumulative, u * cumulative[-1], /*out_int32=*/false,
                                      /*right=*/true);
  // The last sum may round to less than u times the whole.
  return std::min(place.item<std::int64_t>(), weights.size(0) - 1);
}

torch::Tensor nearest_centre(const torch::Tensor& codes, std::int64_t components,
                             torch::Generator generator) {
  std::vector<torch::Tensor> distances;
  auto weights = at::ones({codes.size(0)}, codes.options());
  for (std::int64_t k = 0; k < components; ++k) {
    // Codes that all coincide with centres leave no distance to weigh by.
    if (weights.sum().item<double>() == 0.0) weights = at::ones_like(weights);
    const auto centre = codes[pick(weights, uniform(generator))];
    distances.push_back((codes - centre).square().sum(1));
    weights = k == 0 ? distances.back() : at::minimum(weights, distances.back());
  }
  return at::stack(distances, 1).argmin(1);
}

}  // namespace

GaussianMixture fit_gaussian(const torch::Tensor& given) {
  const auto codes = given.to(at::kDouble);
  const auto mean = codes.mean(0);
  const auto centred = codes - mean;
  const auto covariance = at::mm(centred.t(), centred) / static_cast<double>(codes.size(0));
  return {at::ones({1}, at::kDouble), mean.unsqueeze(0), covariance.unsqueeze(0)};
}

MixtureFit expectation_maximisation(const torch::Tensor& given,
                                    const torch::Tensor& responsibilities, double tolerance,
                                    std::int64_t most_iterations) {
  const auto codes = given.to(at::kDouble);
  MixtureFit fit;
  fit.mixture = maximise(codes, responsibilities.to(at::kDouble));
  fit.log_likelihood = -std::numeric_limits<double>::infinity();
  while (fit.iterations < most_iterations) {
    const auto joint = log_joint(fit.mixture, codes);
    const auto log_density = at::logsumexp(joint, 1, /*keepdim=*/true);
    const double before = fit.log_likelihood;
    fit.log_likelihood = log_density.mean().item<double>();
    fit.mixture = maximise(codes, (joint - log_density).exp());
    ++fit.iterations;
    if (fit.log_likelihood - before < tolerance) break;
  }
  return fit;
}

MixtureFit fit_gaussian_mixture(const torch::Tensor& given, std::int64_t components,
                                torch::Generator generator) {
  TORCH_CHECK(given.size(0) >= components, components, " components need more than ", given.size(0),
              " codes");
  const auto codes = given.to(at::kDouble);
  const auto nearest = nearest_centre(codes, components, std::move(generator));
  return expectation_maximisation(codes, at::one_hot(nearest, components));
}

torch::Tensor sample_mixture(const GaussianMixture& mixture, std::int64_t count,
                             torch::Generator generator) {
  const auto draws = draw_uniform_and_normal(count, mixture.means.size(1), std::move(generator));
  const auto cumulative = mixture.weights.cumsum(0);
  const auto chosen = at::searchsorted(cumulative, draws.uniform * cumulative[-1],
                                       /*out_int32=*/false, /*right=*/true)
                          .clamp_max(mixture.weights.size(0) - 1);
  // A covariance of codes with idle units is singular: a square root by eigenvalues exists still;
  // those that rounding made negative are zero.
  const auto [values, vectors] = at::linalg_eigh(mixture.covariances);
  const auto roots = vectors * values.clamp_min(0.0).sqrt().unsqueeze(1);
  const auto normal = draws.normal.to(at::kDouble);
  auto codes = mixture.means.index_select(0, chosen);
  for (std::int64_t k = 0; k < mixture.weights.size(0); ++k) {
    const auto rows = (chosen == k).nonzero().squeeze(1);
    codes.index_add_(0, rows, at::mm(normal.index_select(0, rows), roots[k].t()));
  }
  return codes.to(at::kFloat);
}

}  // namespace assay
