// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/variational_bound.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "families/diffusion/along.h"
#include "families/diffusion/steps.h"

namespace assay {
namespace {

using torch::Tensor;

constexpr double kHalfLevel = 1.0 / 255.0, kLeastProbability = 1e-12;

Tensor at_steps(const Tensor& table, const Tensor& i, const Tensor& like) {
  return along(table.index_select(0, i), like).to(like.scalar_type());
}

Tensor normal_cdf(const Tensor& z) { return 0.5 * at::erfc(-z / std::numbers::sqrt2); }

// log of N(mean, e^log_variance)'s mass on the level around x; the outermost reach to infinity.
Tensor level_log_probability(const Tensor& x, const Tensor& mean, const Tensor& log_variance) {
  const auto precision = (-0.5 * log_variance).exp();
  const auto off = x - mean;
  const auto above = normal_cdf((off + kHalfLevel) * precision);
  const auto below = normal_cdf((off - kHalfLevel) * precision);
  const auto from = at::where(x < kHalfLevel - 1.0, at::zeros_like(below), below);
  const auto to = at::where(x > 1.0 - kHalfLevel, at::ones_like(above), above);
  return (to - from).clamp_min(kLeastProbability).log();
}

Tensor log_density(const Tensor& x, const Tensor& mean, const Tensor& log_variance) {
  const double constant = std::log(2.0 * std::numbers::pi);
  return -0.5 * (constant + log_variance + (x - mean).square() * (-log_variance).exp());
}

Tensor summed(const Tensor& of_values) { return of_values.flatten(1).sum(1); }

}  // namespace

VariationalBound::VariationalBound(const Process& grid, bool pixels, torch::Device device)
    : pixels_(pixels), noisiest_(grid.at(grid.first_time())) {
  const auto timesteps = grid.timesteps();
  TORCH_CHECK(timesteps >= 2, "the variational bound needs two timesteps, not ", timesteps);
  const auto time = [&](std::int64_t i) {
    return static_cast<double>(i) / static_cast<double>(timesteps);
  };
  std::vector<double> weight, log_beta, log_posterior;
  for (std::int64_t i = 0; i < timesteps; ++i) {
    const auto to = i > 0 ? grid.at(time(i - 1)) : kClean;
    const auto posterior = posterior_weights({.from = grid.at(time(i)), .to = to});
    weight.push_back(posterior.x0_weight);
    log_beta.push_back(std::log(posterior.beta));
    log_posterior.push_back(std::log(posterior.variance));
  }
  log_posterior[0] = log_posterior[1];
  const auto table = [&](const std::vector<double>& values) {
    return at::tensor(at::ArrayRef<double>(values), at::kDouble).to(device);
  };
  estimate_weight_ = table(weight);
  log_beta_ = table(log_beta);
  log_posterior_ = table(log_posterior);
}

torch::Tensor VariationalBound::log_variance(const torch::Tensor& share,
                                             const torch::Tensor& i) const {
  return share * at_steps(log_beta_, i, share) + (1.0 - share) * at_steps(log_posterior_, i, share);
}

torch::Tensor VariationalBound::term(const torch::Tensor& x0, const torch::Tensor& estimate,
                                     const torch::Tensor& log_variance,
                                     const torch::Tensor& i) const {
  // The means differ by what the posterior takes of x_0.
  const auto apart = at_steps(estimate_weight_, i, x0) * (x0 - estimate);
  const auto log_ratio = log_variance - at_steps(log_posterior_, i, x0);
  const auto divergence =
      0.5 * (log_ratio + (-log_ratio).exp() + apart.square() * (-log_variance).exp() - 1.0);
  const auto decoded = -(pixels_ ? level_log_probability(x0, estimate, log_variance)
                                 : log_density(x0, estimate, log_variance));
  return at::where(i == 0, summed(decoded), summed(divergence));
}

torch::Tensor VariationalBound::prior_term(const torch::Tensor& x0) const {
  const double variance = noisiest_.noise * noisiest_.noise;
  const auto mean = noisiest_.signal * x0;
  return summed(0.5 * (variance + mean.square() - 1.0 - std::log(variance)));
}

}  // namespace assay
