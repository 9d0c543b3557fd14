// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/flow_likelihood.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "families/diffusion/along.h"
#include "families/diffusion/dormand_prince.h"
#include "families/objectives/likelihoods.h"

namespace assay {
namespace {

using torch::Tensor;

constexpr std::int64_t kMostExact = 16;

// An estimate, and the trace of its Jacobian, [N] f64.
struct Traced {
  Tensor x0, trace;
};

Traced traced(const Tensor& x, const Tensor& t, const Denoiser& denoiser,
              const Condition& condition, const std::vector<Tensor>& directions) {
  const at::AutoGradMode with_gradients(true);
  const auto leaf = x.detach().requires_grad_(true);
  const auto x0 = denoiser(leaf, t, condition).x0;
  auto trace = at::zeros({x.size(0)}, x.options().dtype(at::kDouble));
  for (const auto& direction : directions) {
    const auto row = torch::autograd::grad({x0}, {leaf}, {direction}, /*retain_graph=*/true)[0];
    trace += (row * direction).to(at::kDouble).flatten(1).sum(1);
  }
  return {x0.detach().to(at::kDouble), trace};
}

}  // namespace

std::vector<torch::Tensor> trace_directions(const torch::Tensor& x,
                                            const torch::Generator& generator) {
  const auto values = x.numel() / x.size(0);
  std::vector<Tensor> directions;
  if (values > kMostExact) {
    const auto coins = at::randint(0, 2, x.sizes(), generator, at::TensorOptions(at::kFloat));
    return {(2.0 * coins - 1.0).to(x.options())};
  }
  for (std::int64_t i = 0; i < values; ++i) {
    auto one = at::zeros_like(x).flatten(1);
    one.select(1, i).fill_(1.0);
    directions.push_back(one.view(x.sizes()));
  }
  return directions;
}

torch::Tensor flow_log_density(const torch::Tensor& x, const Process& process,
                               const Denoiser& denoiser, const Condition& condition,
                               const std::vector<torch::Tensor>& directions, double tolerance) {
  const auto values = x.numel() / x.size(0);
  // Behind each example's values the integral of the divergence up to now.
  const auto slope = [&](const Tensor& state, const Tensor& t, const Tensor& index) {
    std::vector<std::int64_t> sizes = x.sizes().vec();
    sizes[0] = state.size(0);
    const auto now = state.narrow(1, 0, values);
    std::vector<Tensor> of_these;
    for (const auto& direction : directions) of_these.push_back(direction.index_select(0, index));
    const auto estimate = traced(now.reshape(sizes).to(x.scalar_type()), t, denoiser,
                                 of_examples(condition, index), of_these);
    const auto level = process.at(t);
    const auto growth = level.noise_slope / level.noise;
    const auto pull = level.signal_slope - level.signal * growth;
    const auto moved = along(growth, now) * now + along(pull, now) * estimate.x0.flatten(1);
    const auto divergence = static_cast<double>(values) * growth + pull * estimate.trace;
    return at::cat({moved, divergence.unsqueeze(1)}, 1);
  };
  const auto rows = x.detach().flatten(1).to(at::kDouble);
  const auto start = at::cat({rows, at::zeros({x.size(0), 1}, rows.options())}, 1);
  const auto end = solve_ode(slope, start, process.last_time(), process.first_time(), tolerance);
  const auto x_T = end.narrow(1, 0, values);
  const auto prior_sd = at::scalar_tensor(process.prior_sd(), x_T.options());
  return end.select(1, values) - gaussian_nll(x_T, at::zeros_like(x_T), prior_sd);
}

}  // namespace assay
