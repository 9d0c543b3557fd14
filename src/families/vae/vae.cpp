// SPDX-License-Identifier: Apache-2.0
#include "families/vae/vae.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

#include "families/labels.h"
#include "families/latent_fifth.h"
#include "families/network.h"
#include "families/objectives/contraction.h"
#include "families/objectives/kl_weight.h"
#include "families/objectives/latent_term.h"
#include "families/optimizer.h"
#include "families/sampling.h"
#include "families/vae/observation_model.h"
#include "families/vae/prior.h"
#include "families/vae/second_stage.h"
#include "families/vae/vae_choices.h"
#include "families/vae/vae_network.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

std::unique_ptr<Prior> make_prior(const VaeNetworkOptions& options, VaeNetwork network) {
  if (options.pseudo_inputs == 0) return make_standard_normal_prior(options.layers.latent_dim);
  return make_vamp_prior([network]() mutable { return network->pseudo_posteriors(); });
}

LatentTermArgs term_args(const ModelArgs& args, const VaeNetworkOptions& options) {
  const auto& images = args.training_images;
  return {args.definition, options.layers.latent_dim, images.defined() ? images.size(0) : 0,
          args.device};
}

// One copy of each row after another: [L·N,…], draw by draw.
torch::Tensor repeated(const torch::Tensor& rows, std::int64_t times) {
  if (times == 1 || !rows.defined()) return rows;
  auto repeats = std::vector<std::int64_t>(static_cast<std::size_t>(rows.dim()), 1);
  repeats[0] = times;
  return rows.repeat(repeats);
}

class Vae : public GenerativeModel {
 public:
  explicit Vae(const ModelArgs& args)
      : Vae(args, vae_network_options(args), ema_options(args.definition)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor& labels,
                                            torch::Generator generator) override;
  std::optional<torch::Tensor> sample_labels(std::int64_t count) override;
  std::optional<Codes> encode(const Batch& batch) override;
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor& labels) override;
  std::optional<torch::Tensor> reconstruct(const Batch& batch) override;
  std::optional<torch::Tensor> jacobian_norms(const Batch& batch) override;
  std::optional<torch::Tensor> elbo(const Batch& batch, torch::Generator generator) override;
  std::optional<torch::Tensor> log_weights(const Batch& batch, std::int64_t count,
                                           torch::Generator generator) override;

 private:
  Vae(const ModelArgs& args, const VaeNetworkOptions& options, const EmaOptions& ema);
  torch::Tensor condition(const torch::Tensor& labels) const;
  std::int64_t first_stage_steps(std::int64_t total_steps) const;
  std::vector<LossTerm> first_stage_step(const Batch& batch, const StepContext& context);
  std::vector<LossTerm> second_stage_step(const Batch& batch, const StepContext& context);
  torch::Tensor bound_loss(const Posterior& posterior, const torch::Tensor& eps,
                           const torch::Tensor& z, const torch::Tensor& nll,
                           const StepContext& context, std::vector<LossTerm>& terms);
  torch::Tensor scoring_nll(const Batch& batch, const torch::Tensor& z);
  torch::Tensor draw_eps(std::int64_t count, torch::Generator generator) const;

  VaeNetworkOptions options_;
  ObservationModel observation_;
  bool importance_weighted_;
  std::int64_t samples_;  // of z for each image
  double second_stage_share_;
  std::int64_t latent_fifth_;
  torch::Device device_;
  Averaged<VaeNetwork> network_;
  std::unique_ptr<Prior> prior_, scored_prior_;
  Optimizer optimizer_;
  KlWeight kl_weight_;
  std::unique_ptr<LatentTerm> kl_term_;
  LatentPenalties penalties_;
  std::optional<SecondStage> second_stage_;
};

Vae::Vae(const ModelArgs& args, const VaeNetworkOptions& options, const EmaOptions& ema)
    : options_(options),
      observation_(args.definition, args.device),
      importance_weighted_(kBounds.of(args.definition, "objective.bound")),
      samples_(args.definition.integer("objective.samples")),
      second_stage_share_(args.definition.number("objective.second_stage_share")),
      latent_fifth_(args.definition.integer("sampler.latent_fifth")),
      device_(args.device),
      network_(make_network<VaeNetwork>(options, args.device)),
      prior_(make_prior(options, network_.live())),
      optimizer_(*network_.live(), optimizer_options(args.definition)),
      kl_weight_(args.definition),
      kl_term_(make_kl_term(term_args(args, options))),
      penalties_(term_args(args, options)) {
  network_.keep_average(ema, [&] { return make_network<VaeNetwork>(options, args.device); });
  scored_prior_ = make_prior(options, network_.scored());
  if (second_stage_share_ > 0.0) {
    second_stage_.emplace(args.definition, options.layers.latent_dim, options.layers.condition_dim,
                          args.device);
  }
}

torch::Tensor Vae::condition(const torch::Tensor& labels) const {
  const std::int64_t classes = options_.layers.condition_dim;
  if (classes == 0) return {};
  TORCH_CHECK(labels.defined(), "a conditional VAE needs labels");
  return assay::one_hot(labels.to(device_), classes);
}

std::int64_t Vae::first_stage_steps(std::int64_t total_steps) const {
  return std::llround(static_cast<double>(total_steps) * (1.0 - second_stage_share_));
}

std::vector<LossTerm> Vae::training_step(const Batch& batch, const StepContext& context) {
  const std::int64_t first = first_stage_steps(context.total_steps);
  StepContext stage = context;
  stage.step = context.step < first ? context.step : context.step - first;
  stage.total_steps = context.step < first ? first : context.total_steps - first;
  return context.step < first ? first_stage_step(batch, stage) : second_stage_step(batch, stage);
}

std::vector<LossTerm> Vae::first_stage_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  const auto y = condition(batch.labels);
  const auto posterior = network_.live()->encode(batch.images, y);
  Posterior drawn_from{repeated(posterior.mu, samples_), repeated(posterior.logvar, samples_)};
  torch::Tensor eps, z = posterior.mu;
  if (!options_.point_posterior) {
    const auto& mu = drawn_from.mu;
    eps = context.noise.normal(mu.sizes(), mu.options().requires_grad(false));
    z = reparameterise(mu, drawn_from.logvar, eps);
  }
  const auto logits = network_.live()->decode(z, repeated(y, samples_));
  const auto images = repeated(batch.images, samples_);
  const auto scale = observation_.learns_scale() ? network_.live()->scale()
                                                 : observation_.training_scale(images, logits);
  const auto nll = observation_.nll(images, logits, scale);
  std::vector<LossTerm> terms = {{"loss", {}}, {"reconstruction_nats", nll.mean().detach()}};
  if (observation_.learns_scale()) terms.push_back({"likelihood_scale", scale.detach()});
  auto loss = bound_loss(drawn_from, eps, z, nll, context, terms);
  const auto first_z = z.slice(0, 0, batch.images.size(0));
  const auto penalties = penalties_.value({posterior, first_z, {}, context}, terms);
  if (penalties.defined()) loss = loss + penalties;
  backward(loss);
  optimizer_.step(context);
  network_.update(context.step);
  observation_.remember_scale(scale.detach(), context.step);
  penalties_.learn(first_z.detach(), context, terms);
  terms.front().value = loss.detach();
  return terms;
}

// −log p(x|z) and the KL term: the mean over draws, or the importance-weighted bound.
torch::Tensor Vae::bound_loss(const Posterior& posterior, const torch::Tensor& eps,
                              const torch::Tensor& z, const torch::Tensor& nll,
                              const StepContext& context, std::vector<LossTerm>& terms) {
  if (options_.point_posterior) return nll.mean();
  const std::int64_t images = nll.size(0) / samples_;
  const auto kl = prior_->kl(posterior, eps);
  terms.push_back({"kl_nats", kl.mean().detach()});
  if (importance_weighted_) {
    const auto log_weights = kl_weight_.at(context) * prior_->log_ratio(posterior, eps) - nll;
    return -importance_weighted_bound(log_weights.view({samples_, images})).mean();
  }
  const Posterior once{posterior.mu.slice(0, 0, images), posterior.logvar.slice(0, 0, images)};
  return nll.mean() + kl_term_->value({once, z.slice(0, 0, images), kl, context}, terms);
}

std::vector<LossTerm> Vae::second_stage_step(const Batch& batch, const StepContext& context) {
  const auto y = condition(batch.labels);
  torch::Tensor z;
  {
    const torch::NoGradGuard no_grad;
    const EvalMode eval(*network_.average());
    const auto posterior = network_.average()->encode(batch.images, y);
    z = posterior.mu;
    if (!options_.point_posterior) {
      const auto eps = context.noise.normal(z.sizes(), z.options());
      z = reparameterise(z, posterior.logvar, eps);
    }
  }
  return second_stage_->training_step(z, y, context);
}

void Vae::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  observation_.visit_state(visitor);
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
  penalties_.visit_state(visitor);
  if (second_stage_) second_stage_->visit_state(visitor);
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

}  // namespace

std::unique_ptr<Trainable> make_vae(const ModelArgs& args) {
  check_vae(args.definition);
  return std::make_unique<Vae>(args);
}

}  // namespace assay
