// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/diffusion.h"

#include <ATen/ATen.h>

#include <utility>

#include "families/diffusion/composition.h"
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/steps.h"
#include "families/optimizer.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

using Network = std::shared_ptr<DenoisingNetwork>;

class Diffusion : public GenerativeModel {
 public:
  explicit Diffusion(const ModelArgs& args);

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;

 private:
  torch::Tensor output(Network& network, const torch::Tensor& x_t, const torch::Tensor& t,
                       const Level& level, std::optional<Noise> noise) const;
  Estimate estimate(Network& network, const torch::Tensor& x, const torch::Tensor& t) const;
  Denoiser denoiser(Network& network, const std::function<void()>& poll) const;

  const Parameterisation& parameterisation_;
  const LossWeighting& weighting_;
  const TimeDistribution& times_;
  LossWeightingSettings weighting_settings_;
  TimeSettings time_settings_;
  double data_sd_;
  std::vector<std::int64_t> example_shape_;
  bool clip_x0_;
  torch::Device device_;
  std::unique_ptr<Process> process_;
  SamplerOptions sampler_;
  Averaged<Network> network_;
  Optimizer optimizer_;
};

bool is_image(const std::vector<std::int64_t>& example_shape) { return example_shape.size() == 3; }

// The level of times t, [N] or 0-dim, to compute with examples like x.
Level level_of(const Process& process, const torch::Tensor& t, const torch::Tensor& x) {
  const auto level = process.at(t);
  if (t.dim() == 0) return level;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = -1;
  const auto along = [&](const torch::Tensor& value) {
    return value.defined() ? value.to(x.scalar_type()).view(shape) : value;
  };
  return {along(level.signal), along(level.noise), along(level.signal_slope),
          along(level.noise_slope)};
}

// What the network is told of times t, [N] f32.
torch::Tensor told_time(const Process& process, const torch::Tensor& t, const torch::Tensor& x) {
  const auto time = process.network_time(t);
  if (t.dim() > 0) return time.to(at::kFloat);
  return at::full({x.size(0)}, time.item<double>(), x.options().dtype(at::kFloat));
}

Diffusion::Diffusion(const ModelArgs& args)
    : parameterisation_(parameterisations().of(args.definition, "objective.prediction")),
      weighting_(loss_weightings().of(args.definition, "objective.weighting")),
      times_(time_distributions().of(args.definition, "objective.time_sampling")),
      weighting_settings_(weighting_settings(args.definition)),
      time_settings_(time_settings(args.definition)),
      data_sd_(weighting_settings_.data_sd),
      example_shape_(args.example_shape),
      clip_x0_(args.definition.boolean("sampler.clip_x0")),
      device_(args.device),
      process_(process_of(args.definition, args.device)),
      sampler_(sampler_options(args.definition, *process_)),
      network_(denoising_network(args)),
      optimizer_(*network_.live(), optimizer_options(args.definition)) {
  refuse_if(clip_x0_ && !is_image(example_shape_), args.definition,
            "sampler.clip_x0 = true clamps points as if they were pixels; leave it out");
  network_.keep_average(ema_options(args.definition), [&] { return denoising_network(args); });
}

torch::Tensor Diffusion::output(Network& network, const torch::Tensor& x_t, const torch::Tensor& t,
                                const Level& level, std::optional<Noise> noise) const {
  const auto input = parameterisation_.input ? parameterisation_.input(x_t, level, data_sd_) : x_t;
  return network->predict(input, told_time(*process_, t, x_t), {}, std::move(noise));
}

std::vector<LossTerm> Diffusion::training_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  const auto& x0 = batch.images;
  const auto t = times_.draw(*process_, x0.size(0), context.noise, x0.options(), time_settings_);
  const auto eps = context.noise.normal(x0.sizes(), x0.options());
  const auto level = level_of(*process_, t, x0);
  const auto predicted = output(network_.live(), q_sample(x0, eps, level), t, level, context.noise);
  const auto weights =
      output_weights(weighting_, parameterisation_, *process_, t, weighting_settings_);
  const auto loss = weighted_squared_error(
      predicted, parameterisation_.target(x0, eps, level, data_sd_), weights);
  backward(loss);
  optimizer_.step(context);
  network_.update(context.step);
  return {{"loss", loss.detach()}};
}

void Diffusion::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
}

Estimate Diffusion::estimate(Network& network, const torch::Tensor& x,
                             const torch::Tensor& t) const {
  const auto level = level_of(*process_, t, x);
  const auto predicted = output(network, x, t, level, std::nullopt);
  return {.x0 = parameterisation_.x0(x, predicted, level, data_sd_)};
}

Denoiser Diffusion::denoiser(Network& network, const std::function<void()>& poll) const {
  Denoiser denoiser = [&, poll](const torch::Tensor& x, const torch::Tensor& t, const Condition&) {
    if (poll) poll();
    return estimate(network, x, t);
  };
  return clip_x0_ ? clipped(std::move(denoiser)) : denoiser;
}

void Diffusion::sample(const SampleRequest& request) {
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto denoise = denoiser(network, request.poll);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto latents = draw_diffusion_latents(end - begin, example_shape_, request.generator);
    const auto x = run_sampler(latents.noise.to(device_), latents.seeds, sampler_, denoise);
    return is_image(example_shape_) ? x.clamp(-1.0, 1.0) : x;
  });
}

}  // namespace

std::unique_ptr<Trainable> make_diffusion(const ModelArgs& args) {
  (args.definition.has("objective.process") ? check_diffusion : check_ddpm)(args.definition);
  return std::make_unique<Diffusion>(args);
}

}  // namespace assay
