// SPDX-License-Identifier: Apache-2.0
// What is asked of a VAE between two steps.
#include <ATen/ATen.h>
#include <torch/utils.h>

#include "families/labels.h"
#include "families/latent_fifth.h"
#include "families/objectives/contraction.h"
#include "families/sampling.h"
#include "families/vae/vae_model.h"

namespace assay {

torch::Tensor Vae::condition(const torch::Tensor& labels) const {
  const std::int64_t classes = options_.layers.condition_dim;
  if (classes == 0) return {};
  TORCH_CHECK(labels.defined(), "a conditional VAE needs labels");
  return assay::one_hot(labels.to(device_), classes);
}

void Vae::sample(const SampleRequest& request) {
  const EvalMode eval(*network_.scored());
  const auto labels = sample_labels(request.count).value_or(torch::Tensor());
  const auto z = *draw_latents(request.count, labels, request.generator);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto y = labels.defined() ? condition(labels.slice(0, begin, end)) : torch::Tensor();
    return ObservationModel::mean(network_.scored()->decode(z.slice(0, begin, end).to(device_), y));
  });
}

std::optional<torch::Tensor> Vae::draw_latents(std::int64_t count, const torch::Tensor& labels,
                                               torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const bool two_stages = second_stage_ && second_stage_->begun();
  return draw_in_fifth(latent_fifth_, count, generator,
                       [&](std::int64_t more, const torch::Generator& from) {
                         return two_stages ? second_stage_->sample(more, condition(labels), from)
                                           : scored_prior_->sample(more, from);
                       });
}

std::optional<torch::Tensor> Vae::sample_labels(std::int64_t count) {
  const std::int64_t classes = options_.layers.condition_dim;
  if (classes == 0) return std::nullopt;
  return classes_in_turn(0, count, classes);
}

std::optional<Codes> Vae::encode(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto posterior = network_.scored()->encode(batch.images, condition(batch.labels));
  return Codes{posterior.mu, posterior.logvar};
}

std::optional<torch::Tensor> Vae::decode(const torch::Tensor& z, const torch::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  return ObservationModel::mean(network_.scored()->decode(z.to(device_), condition(labels)));
}

std::optional<torch::Tensor> Vae::reconstruct(const Batch& batch) {
  return decode(encode(batch)->mu, batch.labels);
}

std::optional<torch::Tensor> Vae::jacobian_norms(const Batch& batch) {
  const torch::AutoGradMode with_gradients(true);
  const EvalMode eval(*network_.scored());
  const auto images = batch.images.detach().clone().requires_grad_();
  const auto posterior = network_.scored()->encode(images, condition(batch.labels));
  return exact_squared_norms(posterior.mu, images).sqrt();
}

torch::Tensor Vae::draw_eps(std::int64_t count, torch::Generator generator) const {
  return draw_normal(count, {options_.layers.latent_dim}, generator).to(device_);
}

// −log p(x|z) under the weights and the scale that are scored.
torch::Tensor Vae::scoring_nll(const Batch& batch, const torch::Tensor& z) {
  const auto logits = network_.scored()->decode(z, condition(batch.labels));
  const auto scale =
      observation_.learns_scale() ? network_.scored()->scale() : observation_.scale();
  return observation_.nll(batch.images, logits, scale);
}

std::optional<torch::Tensor> Vae::elbo(const Batch& batch, torch::Generator generator) {
  if (options_.point_posterior) return std::nullopt;
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto posterior = network_.scored()->encode(batch.images, condition(batch.labels));
  const auto eps = draw_eps(batch.images.size(0), generator);
  const auto z = reparameterise(posterior.mu, posterior.logvar, eps);
  return -(scoring_nll(batch, z) + scored_prior_->kl(posterior, eps));
}

std::optional<torch::Tensor> Vae::log_weights(const Batch& batch, std::int64_t count,
                                              torch::Generator generator) {
  if (options_.point_posterior) return std::nullopt;
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto posterior = network_.scored()->encode(batch.images, condition(batch.labels));
  std::vector<torch::Tensor> weights;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto eps = draw_eps(batch.images.size(0), generator);
    const auto z = reparameterise(posterior.mu, posterior.logvar, eps);
    weights.push_back(
        (scored_prior_->log_ratio(posterior, eps) - scoring_nll(batch, z)).to(torch::kFloat64));
  }
  return torch::stack(weights, 1);
}

std::vector<std::int64_t> VaeOfMaps::latent_shape() const { return options_.layers.latent_shape(); }

torch::Tensor VaeOfMaps::to_latents(const torch::Tensor& images) {
  return encode({images, {}})->mu.unflatten(1, latent_shape());
}

torch::Tensor VaeOfMaps::from_latents(const torch::Tensor& latents) {
  return *decode(latents.flatten(1), {});
}

void VaeOfMaps::visit_weights(StateVisitor& visitor, const std::string& prefix) {
  visit_module(visitor, prefix, *network_.scored());
}

}  // namespace assay
