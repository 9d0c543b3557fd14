// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/diffusion.h"

#include <ATen/ATen.h>

#include <numbers>
#include <utility>

#include "families/diffusion/along.h"
#include "families/diffusion/diffusion_model.h"
#include "families/diffusion/steps.h"
#include "families/labels.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// What the network is told of times t, [N] f32.
torch::Tensor told_time(const Process& process, const torch::Tensor& t, const torch::Tensor& x) {
  const auto time = process.network_time(t);
  if (t.dim() > 0) return time.to(at::kFloat);
  return at::full({x.size(0)}, time.item<double>(), x.options().dtype(at::kFloat));
}

const Coupling& coupling_of(const Definition& definition) {
  return definition.has("objective.coupling") ? couplings().of(definition, "objective.coupling")
                                              : couplings().at("independent");
}

}  // namespace

Level level_of(const Process& process, const torch::Tensor& t, const torch::Tensor& x) {
  const auto level = process.at(t);
  if (t.dim() == 0) return level;
  const auto wide = [&](const torch::Tensor& value) {
    return value.defined() ? along(value.to(x.scalar_type()), x) : value;
  };
  return {wide(level.signal), wide(level.noise), wide(level.signal_slope), wide(level.noise_slope)};
}

Diffusion::Diffusion(const ModelArgs& args)
    : parameterisation_(parameterisations().of(args.definition, "objective.prediction")),
      weighting_(loss_weightings().of(args.definition, "objective.weighting")),
      times_(time_distributions().of(args.definition, "objective.time_sampling")),
      weighting_settings_(weighting_settings(args.definition)),
      time_settings_(time_settings(args.definition)),
      data_sd_(weighting_settings_.data_sd),
      coupling_(coupling_of(args.definition)),
      path_sd_(number_or_none(args.definition, "objective.path_sd")),
      example_shape_(args.example_shape),
      clip_x0_(args.definition.boolean("sampler.clip_x0")),
      told_classes_(told_classes(args)),
      classes_(says(args.definition, "model.classifier") ? args.classes : told_classes_),
      p_uncond_(number_or_none(args.definition, "objective.p_uncond")),
      dynamic_threshold_(number_or_none(args.definition, "sampler.dynamic_threshold")),
      classifier_scale_(number_or_none(args.definition, "sampler.classifier_scale")),
      vlb_weight_(number_or_none(args.definition, "objective.vlb_weight")),
      guidance_(guidance_options(args.definition)),
      device_(args.device),
      process_(process_of(args.definition, args.device)),
      sampler_(sampler_options(args.definition, *process_)),
      learned_variance_(says(args.definition, "objective.learned_variance")),
      has_paths_(diffusion_capabilities(args.definition).paths),
      network_(denoising_network(args)),
      optimizer_(*network_.live(), optimizer_options(args.definition)) {
  const bool images = is_image(example_shape_);
  refuse_if(clip_x0_ && !images, args.definition,
            "sampler.clip_x0 = true clamps points as if they were pixels; leave it out");
  refuse_if(dynamic_threshold_ > 0.0 && !images, args.definition,
            "sampler.dynamic_threshold scales points as if they were pixels; leave it out");
  network_.keep_average(ema_options(args.definition), [&] { return denoising_network(args); });
  if (says(args.definition, "model.classifier")) classifier_.emplace(args);
  if (process_->timesteps() > 1) bound_.emplace(*process_, images, device_);
}

Diffusion::Prediction Diffusion::predict(Network& network, const torch::Tensor& x_t,
                                         const torch::Tensor& t, const Level& level,
                                         const torch::Tensor& labels,
                                         std::optional<Noise> noise) const {
  const auto input = parameterisation_.input ? parameterisation_.input(x_t, level, data_sd_) : x_t;
  auto output = network->predict(input, told_time(*process_, t, x_t), labels, std::move(noise));
  if (!learned_variance_) return {output, {}};
  const auto halves = output.chunk(2, 1);
  return {halves[0], 0.5 * (halves[1] + 1.0)};
}

// The labels, of which each is dropped with probability p_uncond (Ho & Salimans 2022, algorithm 1).
torch::Tensor Diffusion::told_labels(const Batch& batch, const Noise& noise) const {
  if (told_classes_ == 0) return {};
  if (p_uncond_ == 0.0) return batch.labels;
  const auto u = noise.uniform({batch.labels.size(0)}, batch.images.options());
  return batch.labels.masked_fill(u < p_uncond_, told_classes_);
}

// Σ_t L_t in bits per value, of one step of each example, for the variance alone (Nichol & Dhariwal
// 2021, sec. 3.1).
torch::Tensor Diffusion::bound_loss(const torch::Tensor& x0, const torch::Tensor& x_t,
                                    const Prediction& predicted, const torch::Tensor& t,
                                    const Level& level) const {
  const auto steps = static_cast<double>(process_->timesteps());
  const auto values = static_cast<double>(x0[0].numel());
  const auto i = (t * steps).round().to(at::kLong);
  const auto estimate = parameterisation_.x0(x_t, predicted.output.detach(), level, data_sd_);
  const auto terms =
      bound_->term(x0, estimate, bound_->log_variance(predicted.variance_share, i), i);
  return terms.mean() * (steps / (values * std::numbers::ln2));
}

std::vector<LossTerm> Diffusion::training_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  const auto& x0 = batch.images;
  const auto t = times_.draw(*process_, x0.size(0), context.noise, x0.options(), time_settings_);
  auto eps = context.noise.normal(x0.sizes(), x0.options());
  if (coupling_.paired != nullptr) eps = coupling_.paired(x0, eps, path_sd_, context.noise);
  const auto level = level_of(*process_, t, x0);
  auto x_t = q_sample(x0, eps, level);
  auto target = parameterisation_.target(x0, eps, level, data_sd_);
  if (path_sd_ > 0.0) {
    const auto [width, slope] = path_width(coupling_, path_sd_, t);
    const auto z = context.noise.normal(x0.sizes(), x0.options());
    x_t = x_t + along(width.to(x0.scalar_type()), x0) * z;
    target = target + along(slope.to(x0.scalar_type()), x0) * z;
  }
  const auto labels = told_labels(batch, context.noise);
  const auto predicted = predict(network_.live(), x_t, t, level, labels, context.noise);
  const auto weights =
      output_weights(weighting_, parameterisation_, *process_, t, weighting_settings_);
  const auto loss = weighted_squared_error(predicted.output, target, weights);
  std::vector<LossTerm> terms = {{"loss", loss.detach()}};
  if (learned_variance_) {
    const auto bound = bound_loss(x0, x_t, predicted, t, level);
    terms.push_back({"vlb", bound.detach()});
    backward(loss + vlb_weight_ * bound);
  } else {
    backward(loss);
  }
  optimizer_.step(context);
  network_.update(context.step);
  if (classifier_) {
    classifier_->train(classifier_input(x_t, level), told_time(*process_, t, x_t), batch.labels,
                       context, terms);
  }
  return terms;
}

void Diffusion::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
  if (classifier_) classifier_->visit_state(visitor);
}

Estimate Diffusion::estimate(Network& network, const torch::Tensor& x, const torch::Tensor& t,
                             const Condition& condition) const {
  const auto level = level_of(*process_, t, x);
  const auto labels = told_classes_ > 0 ? condition.labels : torch::Tensor();
  const auto predicted = predict(network, x, t, level, labels, std::nullopt);
  return {.x0 = parameterisation_.x0(x, predicted.output, level, data_sd_),
          .variance_share = predicted.variance_share};
}

// x_t of unit variance at every level, as EDM's networks see it.
torch::Tensor Diffusion::classifier_input(const torch::Tensor& x_t, const Level& level) const {
  return x_t * ((level.signal * data_sd_).square() + level.noise.square()).rsqrt();
}

Denoiser Diffusion::denoiser(Network& network,
                             const std::function<void(std::int64_t)>& poll) const {
  Denoiser denoiser = [&, poll](const torch::Tensor& x, const torch::Tensor& t,
                                const Condition& condition) {
    if (poll) poll(x.size(0));
    return estimate(network, x, t, condition);
  };
  if (told_classes_ > 0) denoiser = classifier_free(std::move(denoiser), guidance_);
  if (classifier_scale_ > 0.0) {
    const auto log_probability = [this](const torch::Tensor& x, const torch::Tensor& t,
                                        const torch::Tensor& labels) {
      return classifier_->log_probability(classifier_input(x, level_of(*process_, t, x)),
                                          told_time(*process_, t, x), labels);
    };
    denoiser =
        classifier_guided(std::move(denoiser), log_probability, *process_, classifier_scale_);
  }
  if (dynamic_threshold_ > 0.0) denoiser = thresholded(std::move(denoiser), dynamic_threshold_);
  return clip_x0_ ? clipped(std::move(denoiser)) : denoiser;
}

std::optional<torch::Tensor> Diffusion::sample_labels(std::int64_t count) {
  if (classes_ == 0) return std::nullopt;
  return classes_in_turn(0, count, classes_);
}

torch::Tensor Diffusion::drawn(const DiffusionLatents& latents, std::int64_t begin,
                               const Denoiser& denoise, const SamplerOptions& options) const {
  Condition condition;
  if (classes_ > 0) {
    condition.labels = classes_in_turn(begin, begin + latents.noise.size(0), classes_).to(device_);
  }
  const auto x = run_sampler(latents.noise.to(device_), latents.seeds, options, denoise, condition);
  return is_image(example_shape_) ? x.clamp(-1.0, 1.0) : x;
}

void Diffusion::sample(const SampleRequest& request) {
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto denoise = denoiser(network, request.poll);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto latents = draw_diffusion_latents(end - begin, example_shape_, request.generator);
    return drawn(latents, begin, denoise, sampler_);
  });
}

std::unique_ptr<Trainable> make_diffusion(const ModelArgs& args) {
  (args.definition.has("objective.process") ? check_diffusion : check_ddpm)(args.definition);
  return std::make_unique<Diffusion>(args);
}

}  // namespace assay
