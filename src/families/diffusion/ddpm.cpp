// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/ddpm.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "core/error.h"
#include "families/diffusion/ddpm_choices.h"
#include "families/diffusion/loss_weighting.h"
#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "families/diffusion/steps.h"
#include "families/optimizer.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "nn/blocks/unet.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

constexpr std::int64_t kShortestLinear = 21;  // below it linear_schedule's β reaches 1

UNetOptions network_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  const auto& shape = args.example_shape;
  if (shape.size() != 3 || shape[1] != shape[2]) {
    throw Error(
        fmt::format("{}: ddpm needs square images; set dataset.size, or take family gan "
                    "for points",
                    definition.name));
  }
  UNetOptions options;
  options.channels = shape[0];
  options.image_size = shape[1];
  options.base_channels = definition.integer("model.base_channels");
  options.multipliers = definition.integers("model.multipliers");
  options.blocks = definition.integer("model.blocks");
  options.attention_resolutions = definition.integers("model.attention_resolutions");
  options.heads = definition.integer("model.heads");
  options.groups = definition.integer("model.groups");
  options.space_to_depth = definition.integer("model.space_to_depth");
  options.dropout = definition.number("model.dropout");
  options.conditioning = kTimeConditionings.of(definition, "model.time_conditioning");
  options.time_embedding = definition.integer("model.time_embedding");
  options.lowest_time_frequency = definition.number("model.lowest_time_frequency");
  options.layout = kUNetLayouts.of(definition, "model.layout");
  const auto misfit = unet_misfit(options);
  if (!misfit.empty()) throw Error(fmt::format("{}: [model]: {}", definition.name, misfit));
  return options;
}

std::int64_t sampler_steps(const Definition& definition) {
  const auto steps = definition.integer("sampler.steps");
  return steps == 0 ? definition.integer("objective.timesteps") : steps;
}

std::vector<std::int64_t> sampler_times(const Definition& definition, StepSpacing spacing) {
  return spacing(definition.integer("objective.timesteps"), sampler_steps(definition));
}

NoiseSchedule noise_schedule(const Definition& definition) {
  const auto schedule = kNoiseSchedules.of(
      definition, "objective.schedule")(definition.integer("objective.timesteps"));
  return definition.boolean("objective.zero_terminal_snr") ? with_zero_terminal_snr(schedule)
                                                           : schedule;
}

DiffusionSamplerOptions sampler_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  DiffusionSamplerOptions options;
  options.schedule = noise_schedule(definition);
  options.sampler = &samplers().of(definition, "sampler.name");
  options.times = sampler_times(definition, step_spacings().of(definition, "sampler.spacing"));
  options.settings.eta = definition.number("sampler.eta");
  options.clip_x0 = definition.boolean("sampler.clip_x0");
  options.settings.large_variance = kVariances.of(definition, "sampler.variance");
  options.device = args.device;
  return options;
}

LossWeightingSettings weighting_settings(const Definition& definition) {
  return {.min_snr_gamma = definition.number("objective.min_snr_gamma"),
          .p2_k = definition.number("objective.p2_k"),
          .p2_gamma = definition.number("objective.p2_gamma")};
}

class Ddpm : public GenerativeModel {
 public:
  explicit Ddpm(const ModelArgs& args);

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;

 private:
  UNet network_on(const ModelArgs& args) const;
  NoiseLevel level_at(const torch::Tensor& t) const;
  torch::Tensor share_of_process(const torch::Tensor& t) const;
  torch::Tensor estimate_x0(UNet& network, const torch::Tensor& x_t, std::int64_t t) const;

  const Parameterisation& parameterisation_;
  torch::Tensor (*draw_timesteps_)(const torch::Tensor& u, std::int64_t timesteps);
  std::vector<std::int64_t> example_shape_;
  DiffusionSamplerOptions sampler_;
  torch::Tensor signal_, noise_;  // √ᾱ and √(1 − ᾱ), [T] f32
  torch::Tensor loss_weights_;    // [T] f32, or undefined for 1
  Averaged<UNet> network_;
  Optimizer optimizer_;
};

torch::Tensor table(const NoiseSchedule& schedule, torch::Device device, bool signal) {
  const auto alpha_bar = at::tensor(at::ArrayRef<double>(schedule), at::kDouble);
  return (signal ? alpha_bar : 1.0 - alpha_bar).sqrt().to(device, at::kFloat);
}

torch::Tensor loss_weights(const Definition& definition, const NoiseSchedule& schedule,
                           torch::Device device) {
  const auto weights =
      loss_weightings()
          .of(definition, "objective.weighting")
          .weights(schedule, parameterisations().of(definition, "objective.prediction"),
                   weighting_settings(definition));
  if (weights.empty()) return {};
  return at::tensor(at::ArrayRef<double>(weights), at::kDouble).to(device, at::kFloat);
}

UNet Ddpm::network_on(const ModelArgs& args) const {
  UNet network(network_options(args));
  network->to(args.device);
  return network;
}

Ddpm::Ddpm(const ModelArgs& args)
    : parameterisation_(parameterisations().of(args.definition, "objective.prediction")),
      draw_timesteps_(kTimeSamplings.of(args.definition, "objective.time_sampling")),
      example_shape_(args.example_shape),
      sampler_(sampler_options(args)),
      signal_(table(sampler_.schedule, args.device, true)),
      noise_(table(sampler_.schedule, args.device, false)),
      loss_weights_(loss_weights(args.definition, sampler_.schedule, args.device)),
      network_(network_on(args)),
      optimizer_(*network_.live(), optimizer_options(args.definition)) {
  network_.keep_average(ema_options(args.definition), [&] { return network_on(args); });
}

NoiseLevel Ddpm::level_at(const torch::Tensor& t) const {
  return {.signal = signal_.index_select(0, t).view({-1, 1, 1, 1}),
          .noise = noise_.index_select(0, t).view({-1, 1, 1, 1})};
}

torch::Tensor Ddpm::share_of_process(const torch::Tensor& t) const {
  return t.to(at::kFloat) / static_cast<double>(sampler_.schedule.size());
}

std::vector<LossTerm> Ddpm::training_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  const auto& x0 = batch.images;
  const auto u = context.noise.uniform({x0.size(0)}, x0.options());
  const auto timesteps = static_cast<std::int64_t>(sampler_.schedule.size());
  const auto t = draw_timesteps_(u, timesteps);
  const auto eps = context.noise.normal(x0.sizes(), x0.options());
  const auto level = level_at(t);
  const auto predicted =
      network_.live()->forward(q_sample(x0, eps, level), share_of_process(t), context.noise);
  const auto loss =
      weighted_squared_error(predicted, parameterisation_.target(x0, eps, level), loss_weights_, t);
  backward(loss);
  optimizer_.step(context);
  network_.update(context.step);
  return {{"loss", loss.detach()}};
}

void Ddpm::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
}

torch::Tensor Ddpm::estimate_x0(UNet& network, const torch::Tensor& x_t, std::int64_t t) const {
  const auto times = at::full({x_t.size(0)}, t, x_t.options().dtype(at::kLong));
  const auto predicted = network->forward(x_t, share_of_process(times));
  return parameterisation_.x0(x_t, predicted, sampler_.schedule[static_cast<std::size_t>(t)]);
}

void Ddpm::sample(const SampleRequest& request) {
  auto& network = network_.scored();
  const EvalMode eval(*network);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto latents = draw_diffusion_latents(end - begin, example_shape_, request.generator);
    return run_diffusion_sampler(latents.x_T.to(sampler_.device), latents.seeds, sampler_,
                                 [&](const torch::Tensor& x_t, std::int64_t t) {
                                   if (request.poll) request.poll();
                                   return estimate_x0(network, x_t, t);
                                 });
  });
}

void check_zero_terminal_snr(const Definition& definition) {
  if (!definition.boolean("objective.zero_terminal_snr")) return;
  const auto& prediction = definition.text("objective.prediction");
  refuse_if(!parameterisations().at(prediction).needs_no_signal, definition,
            fmt::format("objective.zero_terminal_snr = true leaves nothing but noise at the last "
                        "timestep, where objective.prediction = \"{}\" does not say what the image "
                        "is; take \"v\" or \"x0\"",
                        prediction));
  refuse_if(definition.integer("objective.timesteps") < 2, definition,
            "objective.zero_terminal_snr = true needs objective.timesteps of 2 or more");
  const auto times = sampler_times(definition, step_spacings().of(definition, "sampler.spacing"));
  refuse_if(
      times.front() + 1 != definition.integer("objective.timesteps"), definition,
      fmt::format("objective.zero_terminal_snr = true makes noise of the last timestep alone, "
                  "and sampler.spacing = \"{}\" begins before it; take \"trailing\"",
                  definition.text("sampler.spacing")));
}

}  // namespace

void check_ddpm(const Definition& definition) {
  const auto timesteps = definition.integer("objective.timesteps");
  const auto steps = definition.integer("sampler.steps");
  refuse_if(definition.text("objective.schedule") == "linear" && timesteps < kShortestLinear,
            definition,
            fmt::format("objective.timesteps = {} is too short for a linear schedule; take {} or "
                        "more, or objective.schedule = \"cosine\"",
                        timesteps, kShortestLinear));
  const auto& weighting = definition.text("objective.weighting");
  const auto fewest = loss_weightings().at(weighting).fewest_timesteps;
  refuse_if(timesteps < fewest, definition,
            fmt::format("objective.weighting = \"{}\" needs objective.timesteps of {} or more",
                        weighting, fewest));
  refuse_if(steps > timesteps, definition,
            fmt::format("sampler.steps = {} exceeds objective.timesteps = {}", steps, timesteps));
  check_zero_terminal_snr(definition);
}

void describe_ddpm_sampling(const Definition& definition, std::int64_t, Protocol& protocol) {
  const auto steps = sampler_steps(definition);
  protocol["sampler.steps"] = std::to_string(steps);
  protocol["network_evaluations"] =
      std::to_string(network_evaluations(samplers().of(definition, "sampler.name"), steps));
  // Databases of before there was a choice do not name it.
  const auto spacing = step_spacings().of(definition, "sampler.spacing");
  if (sampler_times(definition, spacing) == sampler_times(definition, even_timesteps)) {
    protocol.erase("sampler.spacing");
  }
  if (steps > 1) return;
  // The last step adds no noise, and it is the only one.
  protocol.erase("sampler.eta");
  protocol.erase("sampler.variance");
}

std::unique_ptr<Trainable> make_ddpm(const ModelArgs& args) {
  check_ddpm(args.definition);
  return std::make_unique<Ddpm>(args);
}

}  // namespace assay
