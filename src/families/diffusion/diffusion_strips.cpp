// SPDX-License-Identifier: Apache-2.0
// What a diffusion model shows of its process and of its way back.
#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <set>
#include <vector>

#include "families/diffusion/diffusion_model.h"
#include "families/diffusion/step_spacing.h"
#include "families/diffusion/steps.h"
#include "families/sampling.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

// `count` times from `from` to the noisiest; each of a grid's once.
std::vector<double> times_from(const Process& process, double from, int64_t count) {
  std::set<double> times;
  const auto timesteps = static_cast<double>(process.timesteps());
  for (int64_t k = 0; k < count; ++k) {
    const double share = static_cast<double>(k) / static_cast<double>(count - 1);
    const double t = from + (process.first_time() - from) * share;
    times.insert(timesteps > 0.0 ? std::round(t * timesteps) / timesteps : t);
  }
  return {times.begin(), times.end()};
}

Tensor at_unit_power(const Tensor& x, const Marginal& level) {
  return x / std::hypot(level.signal, level.noise);
}

Tensor noise_of(const Tensor& x, const torch::Generator& generator) {
  return at::randn(x.sizes(), generator, at::TensorOptions(at::kFloat)).to(x.device());
}

}  // namespace

Tensor Diffusion::snr_curve(int64_t count) const {
  std::vector<double> rows;
  for (const double t : times_from(*process_, process_->last_time(), count)) {
    rows.insert(rows.end(), {t, 2.0 * half_log_snr(process_->at(t))});
  }
  return at::tensor(rows, at::kDouble).view({-1, 2});
}

Tensor Diffusion::noised_strips(const Tensor& examples, int64_t columns,
                                torch::Generator generator) const {
  const auto eps = at_noise_end(noise_of(examples, generator));
  std::vector<Tensor> strip = {examples};
  const double first = process_->first_time();
  for (int64_t column = 1; column < columns; ++column) {
    const double share = static_cast<double>(column) / static_cast<double>(columns - 1);
    const auto timesteps = static_cast<double>(process_->timesteps());
    const double t =
        timesteps > 0.0 ? std::round(first * share * timesteps) / timesteps : first * share;
    const auto level = process_->at(t);
    strip.push_back(at_unit_power(level.signal * examples + level.noise * eps, level));
  }
  return at::stack(strip, 1).cpu();
}

std::optional<Tensor> Diffusion::denoised_strips(int64_t count, int64_t columns,
                                                 torch::Generator generator) {
  if (sampler_.sampler->solve != nullptr) return std::nullopt;
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto steps = static_cast<int64_t>(sampler_.times.size());
  std::set<int64_t> shown;
  for (int64_t column = 0; column + 1 < columns; ++column) {
    shown.insert(column * steps / (columns - 1));
  }
  std::vector<Tensor> strip;
  auto options = sampler_;
  options.watch = [&](const SamplerState& from, const Tensor&) {
    if (shown.contains(from.index)) strip.push_back(at_unit_power(from.x, from.step.from));
  };
  const auto latents = draw_diffusion_latents(count, example_shape_, generator);
  strip.push_back(
      drawn(latents, conditioning_.of_samples(0, count), denoiser(network, {}), options));
  return at::stack(strip, 1).cpu();
}

std::optional<Tensor> Diffusion::bound_terms(const Batch& examples, int64_t count,
                                             torch::Generator generator) {
  if (!bound_) return std::nullopt;
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const EvalMode eval(*network);
  const auto& x0 = examples.images;
  const auto timesteps = process_->timesteps();
  const double bits = 1.0 / (static_cast<double>(x0[0].numel()) * std::numbers::ln2);
  auto visited = even_timesteps(timesteps, std::min(count, timesteps));
  std::vector<double> rows;
  for (auto i = visited.rbegin(); i != visited.rend(); ++i) {
    const auto steps = at::full({x0.size(0)}, *i, x0.options().dtype(at::kLong));
    const auto terms = bound_at(network, examples, steps, noise_of(x0, generator));
    rows.insert(rows.end(), {static_cast<double>(*i), bits * terms.mean().item<double>()});
  }
  const auto prior = bound_->prior_term(x0.to(at::kDouble)).mean().item<double>();
  rows.insert(rows.end(), {static_cast<double>(timesteps), bits * prior});
  return at::tensor(rows, at::kDouble).view({-1, 2});
}

}  // namespace assay
