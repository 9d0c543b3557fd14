// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/time_distribution.h"

#include <ATen/ATen.h>

namespace assay {
namespace {

using torch::Tensor;

// Of shares of the process, in [0,1).
Tensor time_of_share(const Process& process, const Tensor& share) {
  const double last = process.last_time();
  return last + (process.first_time() - last) * share.to(at::kDouble);
}

Tensor uniform(const Process& process, std::int64_t n, const Noise& noise,
               const torch::TensorOptions& options, const TimeSettings&) {
  const auto u = noise.uniform({n}, options);
  if (process.timesteps() == 0) return time_of_share(process, u);
  const auto timesteps = process.timesteps();
  return uniform_timesteps(u, timesteps).to(at::kDouble) / static_cast<double>(timesteps);
}

Tensor stratified(const Process& process, std::int64_t n, const Noise& noise,
                  const torch::TensorOptions& options, const TimeSettings&) {
  const auto u = noise.uniform({n}, options);
  const auto timesteps = process.timesteps();
  if (timesteps > 0) {
    return stratified_timesteps(u, timesteps).to(at::kDouble) / static_cast<double>(timesteps);
  }
  const auto strata = at::arange(n, u.options()) + u;
  return time_of_share(process, strata / static_cast<double>(n));
}

Tensor log_normal_times(const Process& process, std::int64_t n, const Noise& noise,
                        const torch::TensorOptions& options, const TimeSettings& settings) {
  const auto z = noise.normal({n}, options).to(at::kDouble);
  return process.time_of_log_noise(settings.mean + settings.sd * z);
}

constexpr TimeDistribution kUniform = {.paper = "Ho et al. 2020, algorithm 1", .draw = uniform};
constexpr TimeDistribution kStratified = {.paper = "Kingma et al. 2021, appendix I.1",
                                          .draw = stratified};
constexpr TimeDistribution kLossSecondMoment = {.paper = "Nichol & Dhariwal 2021, eq. 18"};

}  // namespace

const Choices<TimeDistribution>& time_distributions() {
  static const Choices<TimeDistribution> all = {
      {"uniform", kUniform},
      {"stratified", kStratified},
      {"loss_second_moment", kLossSecondMoment},
      {"log_normal",
       {.paper = "Karras et al. 2022, table 1", .draw = log_normal_times, .needs_inverse = true}}};
  return all;
}

const Choices<TimeDistribution>& ddpm_time_distributions() {
  static const Choices<TimeDistribution> all = {{"uniform", kUniform},
                                                {"stratified", kStratified},
                                                {"loss_second_moment", kLossSecondMoment}};
  return all;
}

torch::Tensor uniform_timesteps(const torch::Tensor& u, std::int64_t timesteps) {
  // A product that rounds up to T in f32 belongs to the last step.
  return (u * static_cast<double>(timesteps)).to(at::kLong).clamp_max(timesteps - 1);
}

torch::Tensor stratified_timesteps(const torch::Tensor& u, std::int64_t timesteps) {
  const auto strata = at::arange(u.size(0), u.options()) + u;
  return uniform_timesteps(strata / static_cast<double>(u.size(0)), timesteps);
}

}  // namespace assay
