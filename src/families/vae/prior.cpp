// SPDX-License-Identifier: Apache-2.0
#include "families/vae/prior.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

#include "families/sampling.h"

namespace assay {
namespace {

class StandardNormalPrior : public Prior {
 public:
  explicit StandardNormalPrior(std::int64_t latent_dim) : latent_dim_(latent_dim) {}

  torch::Tensor log_ratio(const Posterior& posterior, const torch::Tensor& eps) override {
    return log_prior_over_posterior(posterior.mu, posterior.logvar, eps);
  }
  torch::Tensor kl(const Posterior& posterior, const torch::Tensor&) override {
    return kl_to_standard_normal(posterior.mu, posterior.logvar);
  }
  torch::Tensor sample(std::int64_t count, torch::Generator generator) override {
    return draw_normal(count, {latent_dim_}, generator);
  }

 private:
  std::int64_t latent_dim_;
};

class VampPrior : public Prior {
 public:
  explicit VampPrior(std::function<Posterior()> components) : components_(std::move(components)) {}

  torch::Tensor log_ratio(const Posterior& posterior, const torch::Tensor& eps) override {
    const auto z = reparameterise(posterior.mu, posterior.logvar, eps);
    return log_mixture(z, components_()) - log_normal(z, posterior.mu, posterior.logvar).sum(1);
  }
  torch::Tensor kl(const Posterior& posterior, const torch::Tensor& eps) override {
    return -log_ratio(posterior, eps);
  }
  torch::Tensor sample(std::int64_t count, torch::Generator generator) override {
    const torch::NoGradGuard no_grad;
    const auto parts = components_();
    const auto mu = parts.mu.to(at::kCPU), logvar = parts.logvar.to(at::kCPU);
    const auto draws = draw_uniform_and_normal(count, mu.size(1), generator);
    const auto chosen = (draws.uniform * static_cast<double>(mu.size(0))).to(at::kLong);
    return reparameterise(mu.index_select(0, chosen), logvar.index_select(0, chosen), draws.normal);
  }

 private:
  std::function<Posterior()> components_;
};

}  // namespace

torch::Tensor log_mixture(const torch::Tensor& z, const Posterior& components) {
  const auto log_parts =
      log_normal(z.unsqueeze(1), components.mu.unsqueeze(0), components.logvar.unsqueeze(0)).sum(2);
  return at::logsumexp(log_parts, 1) - std::log(static_cast<double>(components.mu.size(0)));
}

std::unique_ptr<Prior> make_standard_normal_prior(std::int64_t latent_dim) {
  return std::make_unique<StandardNormalPrior>(latent_dim);
}

std::unique_ptr<Prior> make_vamp_prior(std::function<Posterior()> components) {
  return std::make_unique<VampPrior>(std::move(components));
}

}  // namespace assay
