// SPDX-License-Identifier: Apache-2.0
#include "families/vae/vae.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "families/network.h"
#include "families/sampling.h"
#include "families/vae/vae_choices.h"
#include "families/vae/vae_model.h"
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

}  // namespace

Vae::Vae(const ModelArgs& args, const VaeNetworkOptions& options, const EmaOptions& ema)
    : options_(options),
      device_(args.device),
      network_(make_network<VaeNetwork>(options, args.device)),
      observation_(args.definition, args.device),
      importance_weighted_(kBounds.of(args.definition, "objective.bound")),
      samples_(args.definition.integer("objective.samples")),
      second_stage_share_(args.definition.number("objective.second_stage_share")),
      latent_fifth_(args.definition.integer("sampler.latent_fifth")),
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
  patch_gan_ = make_patch_gan(args);
}

std::int64_t Vae::first_stage_steps(std::int64_t total_steps) const {
  return std::llround(static_cast<double>(total_steps) * (1.0 - second_stage_share_));
}

std::vector<Stretch> Vae::stretches(std::int64_t total_steps) const {
  const std::int64_t first = first_stage_steps(total_steps);
  const std::int64_t alone = patch_gan_ ? std::min(first, patch_gan_->first_step()) : first;
  return {{alone, 1}, {first - alone, 1}, {total_steps - first, 1}};
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
  torch::Tensor reconstructions;  // of the first draws, as first_z
  if (patch_gan_) {
    reconstructions = ObservationModel::mean(logits.slice(0, 0, batch.images.size(0)));
    const auto term = patch_gan_->value(
        {reconstructions, nll.mean(), network_.live()->decoder(), context}, terms);
    if (term.defined()) loss = loss + term;
  }
  backward(loss);
  optimizer_.step(context);
  network_.update(context.step);
  observation_.remember_scale(scale.detach(), context.step);
  penalties_.learn(first_z.detach(), context, terms);
  if (patch_gan_) patch_gan_->learn(batch.images, reconstructions.detach(), context, terms);
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
  if (patch_gan_) patch_gan_->visit_state(visitor);
  if (second_stage_) second_stage_->visit_state(visitor);
}

std::unique_ptr<Trainable> make_vae(const ModelArgs& args) {
  check_vae(args.definition);
  if (vae_capabilities(args.definition).latent_maps) return std::make_unique<VaeOfMaps>(args);
  return std::make_unique<Vae>(args);
}

}  // namespace assay
