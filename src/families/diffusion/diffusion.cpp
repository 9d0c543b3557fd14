// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/diffusion.h"

#include <ATen/ATen.h>

#include <numbers>
#include <utility>

#include "families/diffusion/along.h"
#include "families/diffusion/diffusion_model.h"
#include "families/diffusion/evenly.h"
#include "families/diffusion/exact_denoiser.h"
#include "families/diffusion/latent_diffusion.h"
#include "families/diffusion/steps.h"
#include "families/labels.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// What the network is told of times t, [N] f32.
torch::Tensor told_time(const Process& process, const LevelsAt& at, const torch::Tensor& x) {
  const auto time = process.network_time(at.t, at.exact);
  if (at.t.dim() > 0) return time.to(at::kFloat);
  return at::full({x.size(0)}, time.item<double>(), x.options().dtype(at::kFloat));
}

// Training points that the exact estimates are of: time grows with them.
constexpr std::int64_t kExactPoints = 10'000;

const Coupling& coupling_of(const Definition& definition) {
  return is_ddpm(definition) ? couplings().at("independent")
                             : couplings().of(definition, "objective.coupling");
}

}  // namespace

LevelsAt levels_at(const Process& process, const torch::Tensor& t, const torch::Tensor& x) {
  const auto level = process.at(t);
  if (t.dim() == 0) return {t, level, level};
  const auto wide = [&](const torch::Tensor& value) {
    return value.defined() ? along(value.to(x.scalar_type()), x) : value;
  };
  return {
      t,
      level,
      {wide(level.signal), wide(level.noise), wide(level.signal_slope), wide(level.noise_slope)}};
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
      pixels_(is_image(example_shape_) && !args.definition.first_stage),
      clip_x0_(args.definition.boolean("sampler.clip_x0")),
      conditioning_(args),
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
  if (has_point_source(args.definition)) {
    refuse_if(images || example_shape_[0] != 2, args.definition,
              "objective.source is a set of points in the plane, and the data are not; leave it "
              "out");
    source_.emplace(args.definition, device_);
  }
  network_.keep_average(ema_options(args.definition), [&] { return denoising_network(args); });
  if (says(args.definition, "model.classifier")) classifier_.emplace(args);
  if (process_->timesteps() > 1) bound_.emplace(*process_, pixels_, device_);
  if (has_exact_denoiser(args.definition)) {
    refuse_if(images, args.definition,
              "sampler.denoiser = \"exact\" is of points in the plane, and the data are images; "
              "leave it out");
    TORCH_CHECK(args.training_images.defined(), "exact estimates are of training points");
    exact_ = exact_denoiser(evenly(args.training_images, kExactPoints).to(device_), *process_);
  }
  if (times_.draw == nullptr) history_.emplace(process_->timesteps(), device_);
}

Diffusion::Prediction Diffusion::predict(Network& network, const torch::Tensor& x_t,
                                         const LevelsAt& at, const Condition& condition,
                                         std::optional<Noise> noise) const {
  const auto input =
      parameterisation_.input ? parameterisation_.input(x_t, at.wide, data_sd_) : x_t;
  auto output = network->predict(input, told_time(*process_, at, x_t), condition, std::move(noise));
  if (!learned_variance_) return {output, {}};
  const auto halves = output.chunk(2, 1);
  return {halves[0], 0.5 * (halves[1] + 1.0)};
}

// What is told, of each example dropped with probability p_uncond (Ho & Salimans 2022, algorithm
// 1).
Condition Diffusion::told(const Batch& batch, const Noise& noise) const {
  const auto condition = conditioning_.of(batch);
  if (!conditioning_.tells() || p_uncond_ == 0.0) return condition;
  const auto u = noise.uniform({batch.images.size(0)}, batch.images.options());
  return conditioning_.dropped(condition, u < p_uncond_);
}

WeighedTimes Diffusion::draw_times(const torch::Tensor& x0, const Noise& noise) const {
  if (history_) return history_->draw(x0.size(0), noise, x0.options());
  return {times_.draw(*process_, x0.size(0), noise, x0.options(), time_settings_), {}};
}

Diffusion::NoisyBatch Diffusion::noised(const torch::Tensor& x0, const Noise& noise) const {
  const auto times = draw_times(x0, noise);
  auto eps = at_noise_end(noise.normal(x0.sizes(), x0.options()));
  if (coupling_.paired != nullptr) eps = coupling_.paired(x0, eps, path_sd_, noise);
  const auto at = levels_at(*process_, times.t, x0);
  auto x_t = q_sample(x0, eps, at.wide);
  auto target = parameterisation_.target(x0, eps, at.wide, data_sd_);
  if (path_sd_ > 0.0) {
    const auto [width, slope] = path_width(coupling_, path_sd_, times.t);
    const auto z = noise.normal(x0.sizes(), x0.options());
    x_t = x_t + along(width.to(x0.scalar_type()), x0) * z;
    target = target + along(slope.to(x0.scalar_type()), x0) * z;
  }
  return {at, times.weight, x_t, target};
}

// L_i of one step of each example, for the variance alone (Nichol & Dhariwal 2021, sec. 3.1).
torch::Tensor Diffusion::trained_bound(const torch::Tensor& x0, const NoisyBatch& noisy,
                                       const Prediction& predicted) const {
  const auto steps = static_cast<double>(process_->timesteps());
  const auto i = (noisy.at.t * steps).round().to(at::kLong);
  const auto estimate =
      parameterisation_.x0(noisy.x_t, predicted.output.detach(), noisy.at.wide, data_sd_);
  return bound_->term(x0, estimate, bound_->log_variance(predicted.variance_share, i), i);
}

// The mean over examples of ‖target − output‖² and, where the variance is learned, of Σ_t L_t in
// bits per value.
torch::Tensor Diffusion::loss_of(const torch::Tensor& x0, const NoisyBatch& noisy,
                                 const Prediction& predicted, std::vector<LossTerm>& terms) {
  const auto weights = output_weights(weighting_, parameterisation_, *process_, noisy.at.t,
                                      noisy.at.exact, weighting_settings_);
  const auto mean = [&](const torch::Tensor& of_examples) {
    return (history_ ? noisy.weight * of_examples : of_examples).mean();
  };
  const auto errors =
      history_ ? weighted_squared_errors(predicted.output, noisy.target, weights) : torch::Tensor();
  const auto loss =
      history_ ? mean(errors) : weighted_squared_error(predicted.output, noisy.target, weights);
  terms.push_back({"loss", loss.detach()});
  if (!learned_variance_) {
    if (history_) history_->add(noisy.at.t, errors);
    return loss;
  }
  const auto values = static_cast<double>(x0[0].numel());
  const double bits = static_cast<double>(process_->timesteps()) / (values * std::numbers::ln2);
  const auto of_steps = trained_bound(x0, noisy, predicted);
  const auto bound = mean(of_steps) * bits;
  terms.push_back({"vlb", bound.detach()});
  if (history_) history_->add(noisy.at.t, errors + vlb_weight_ * bits * of_steps);
  return loss + vlb_weight_ * bound;
}

std::vector<LossTerm> Diffusion::training_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  const auto noisy = noised(batch.images, context.noise);
  const auto condition = told(batch, context.noise);
  const auto predicted = predict(network_.live(), noisy.x_t, noisy.at, condition, context.noise);
  std::vector<LossTerm> terms;
  backward(loss_of(batch.images, noisy, predicted, terms));
  optimizer_.step(context);
  network_.update(context.step);
  if (classifier_) {
    classifier_->train(classifier_input(noisy.x_t, noisy.at.wide),
                       told_time(*process_, noisy.at, noisy.x_t), batch.labels, context, terms);
  }
  return terms;
}

void Diffusion::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
  if (classifier_) classifier_->visit_state(visitor);
  if (history_) history_->visit_state(visitor, "history");
}

Estimate Diffusion::estimate(Network& network, const torch::Tensor& x, const torch::Tensor& t,
                             const Condition& condition) const {
  const auto at = levels_at(*process_, t, x);
  const auto predicted = predict(network, x, at, condition, std::nullopt);
  return {.x0 = parameterisation_.x0(x, predicted.output, at.wide, data_sd_),
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
    return exact_ ? exact_(x, t, condition) : estimate(network, x, t, condition);
  };
  if (conditioning_.tells()) denoiser = classifier_free(std::move(denoiser), guidance_);
  if (classifier_scale_ > 0.0) {
    const auto log_probability = [this](const torch::Tensor& x, const torch::Tensor& t,
                                        const torch::Tensor& labels) {
      const auto at = levels_at(*process_, t, x);
      return classifier_->log_probability(classifier_input(x, at.wide), told_time(*process_, at, x),
                                          labels);
    };
    denoiser =
        classifier_guided(std::move(denoiser), log_probability, *process_, classifier_scale_);
  }
  if (dynamic_threshold_ > 0.0) denoiser = thresholded(std::move(denoiser), dynamic_threshold_);
  return clip_x0_ ? clipped(std::move(denoiser)) : denoiser;
}

std::optional<torch::Tensor> Diffusion::sample_labels(std::int64_t count) {
  const auto classes = conditioning_.sample_classes();
  if (classes == 0) return std::nullopt;
  return classes_in_turn(0, count, classes);
}

torch::Tensor Diffusion::drawn(const DiffusionLatents& latents, const Condition& condition,
                               const Denoiser& denoise, const SamplerOptions& options) const {
  const auto here = [&](const torch::Tensor& told) {
    return told.defined() ? told.to(device_) : told;
  };
  const auto noise = at_noise_end(latents.noise.to(device_));
  const auto x = run_sampler(noise, latents.seeds, options, denoise,
                             {.labels = here(condition.labels), .tokens = here(condition.tokens)});
  return pixels_ ? x.clamp(-1.0, 1.0) : x;
}

void Diffusion::sample(const SampleRequest& request) {
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto denoise = denoiser(network, request.poll);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto latents = draw_diffusion_latents(end - begin, example_shape_, request.generator);
    return drawn(latents, conditioning_.of_samples(begin, end), denoise, sampler_);
  });
}

torch::Tensor Diffusion::sample_of_tokens(const torch::Tensor& values, torch::Generator generator) {
  const auto condition = conditioning_.of_values(values);
  const auto sizes = torch::tensor(conditioning_.token_sizes());
  TORCH_CHECK(((values >= 0).logical_and(values < sizes)).all().item<bool>(),
              "tokens take values from 0 to below ", sizes, ", not ", values);
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto latents = draw_diffusion_latents(values.size(0), example_shape_, std::move(generator));
  return drawn(latents, condition, denoiser(network, {}), sampler_).cpu();
}

std::unique_ptr<Trainable> make_diffusion(const ModelArgs& args) {
  (is_ddpm(args.definition) ? check_ddpm : check_diffusion)(args.definition);
  if (args.definition.first_stage) return std::make_unique<LatentDiffusion>(args);
  return std::make_unique<Diffusion>(args);
}

}  // namespace assay
