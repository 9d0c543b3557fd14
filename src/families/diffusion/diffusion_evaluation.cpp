// SPDX-License-Identifier: Apache-2.0
// What a diffusion model says of examples and of its own paths.
#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "families/diffusion/along.h"
#include "families/diffusion/diffusion_model.h"
#include "families/diffusion/flow_likelihood.h"
#include "families/diffusion/steps.h"
#include "families/sampling.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

constexpr int64_t kValidationTimes = 8;

// The middles of the process's eight equal parts; on a grid its nearest timesteps.
std::vector<double> validation_times(const Process& process) {
  std::vector<double> times;
  const double first = process.first_time(), last = process.last_time();
  for (int64_t k = 0; k < kValidationTimes; ++k) {
    const double share = (static_cast<double>(k) + 0.5) / static_cast<double>(kValidationTimes);
    const double t = last + (first - last) * share;
    const auto timesteps = static_cast<double>(process.timesteps());
    times.push_back(timesteps > 0.0 ? std::round(t * timesteps) / timesteps : t);
  }
  return times;
}

Tensor noise_like(const Tensor& x, const torch::Generator& generator) {
  return at::randn(x.sizes(), generator, at::TensorOptions(at::kFloat)).to(x.device());
}

// One timestep of each example, all as likely: places of equal distance from a common draw (Kingma
// et al. 2021, appendix I.1). [N] i64.
Tensor spread_timesteps(const Tensor& x0, int64_t timesteps, const torch::Generator& generator) {
  const auto start = at::rand({1}, generator, at::TensorOptions(at::kDouble));
  const auto n = x0.size(0);
  const auto places = at::arange(n, at::kDouble) / static_cast<double>(n) + start;
  const auto i = (places.frac() * static_cast<double>(timesteps)).to(at::kLong);
  return i.clamp_max(timesteps - 1).to(x0.device());
}

}  // namespace

Tensor Diffusion::bound_at(Network& network, const Batch& batch, const Tensor& i,
                           const Tensor& eps) const {
  const auto t = i.to(at::kDouble) / static_cast<double>(process_->timesteps());
  const auto x_t = q_sample(batch.images, eps, levels_at(*process_, t, batch.images).wide);
  auto estimated = estimate(network, x_t, t, conditioning_.of(batch));
  if (clip_x0_) estimated.x0 = estimated.x0.clamp(-1.0, 1.0);
  const auto x0 = batch.images.to(at::kDouble);
  const double fixed = sampler_.settings.large_variance ? 1.0 : 0.0;
  const auto share = estimated.variance_share.defined() ? estimated.variance_share.to(at::kDouble)
                                                        : at::full_like(x0, fixed);
  return bound_->term(x0, estimated.x0.to(at::kDouble), bound_->log_variance(share, i), i);
}

std::optional<Tensor> Diffusion::elbo(const Batch& batch, torch::Generator generator) {
  if (!bound_) return std::nullopt;
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto timesteps = process_->timesteps();
  const auto i = spread_timesteps(batch.images, timesteps, generator);
  const auto term = bound_at(network, batch, i, noise_like(batch.images, generator));
  const auto prior = bound_->prior_term(batch.images.to(at::kDouble));
  return -(prior + static_cast<double>(timesteps) * term);
}

std::optional<Tensor> Diffusion::denoising_losses(const Batch& batch, torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto& x0 = batch.images;
  const auto condition = conditioning_.of(batch);
  std::vector<Tensor> losses;
  for (const double time : validation_times(*process_)) {
    const auto t = at::full({x0.size(0)}, time, x0.options().dtype(at::kDouble));
    const auto eps = at_noise_end(noise_like(x0, generator));
    const auto at = levels_at(*process_, t, x0);
    const auto predicted = predict(network, q_sample(x0, eps, at.wide), at, condition, {});
    const auto error = predicted.output - parameterisation_.target(x0, eps, at.wide, data_sd_);
    const auto of_examples = error.square().flatten(1).mean(1);
    const auto weights =
        output_weights(weighting_, parameterisation_, *process_, t, at.exact, weighting_settings_);
    losses.push_back(weights.defined() ? weights * of_examples : of_examples);
  }
  return at::stack(losses, 1);
}

std::optional<Tensor> Diffusion::log_density(const Batch& batch, double tolerance,
                                             torch::Generator generator) {
  if (process_->timesteps() > 0 || source_) return std::nullopt;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  auto x = batch.images;
  double levels = 0.0;
  if (is_image(example_shape_)) {
    // 256 levels of width 1/128, each filled evenly.
    const auto u = at::rand(x.sizes(), generator, at::TensorOptions(at::kFloat)).to(x.device());
    x = ((x + 1.0) * 127.5 + u) / 128.0 - 1.0;
    levels = static_cast<double>(x[0].numel()) * std::log(1.0 / 128.0);
  }
  const Denoiser plain = [&](const Tensor& of, const Tensor& t, const Condition& condition) {
    return estimate(network, of, t, condition);
  };
  return levels + flow_log_density(x, *process_, plain, conditioning_.of(batch),
                                   trace_directions(x, generator), tolerance);
}

std::optional<PathEnergies> Diffusion::path_energies(int64_t count, torch::Generator generator) {
  if (!has_paths_) return std::nullopt;
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto latents = draw_diffusion_latents(count, example_shape_, generator);
  auto energy = at::zeros({count}, at::TensorOptions(at::kDouble).device(device_));
  auto options = sampler_;
  options.watch = [&](const SamplerState& from, const Tensor& to) {
    const double length = from.last ? from.t : from.t - from.s;
    energy += (to - from.x).to(at::kDouble).flatten(1).square().sum(1) / length;
  };
  drawn(latents, conditioning_.of_samples(0, count), denoiser(network, {}), options);
  const auto begin = process_->prior_sd() * at_noise_end(latents.noise.to(device_));
  return PathEnergies{begin.cpu(), energy.cpu()};
}

}  // namespace assay
