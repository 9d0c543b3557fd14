// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/guidance.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "families/diffusion/along.h"

namespace assay {
namespace {

// ∇_x log p(y|x_t), of each example's own.
torch::Tensor slope_of(const LogProbability& classifier, const torch::Tensor& x,
                       const torch::Tensor& t, const torch::Tensor& labels) {
  const at::AutoGradMode with_gradients(true);
  const auto leaf = x.detach().requires_grad_(true);
  return torch::autograd::grad({classifier(leaf, t, labels).sum()}, {leaf})[0];
}

}  // namespace

Denoiser classifier_free(Denoiser denoiser, const GuidanceOptions& options) {
  return [denoiser = std::move(denoiser), options](const torch::Tensor& x, const torch::Tensor& t,
                                                   const Condition& condition) {
    auto estimate = denoiser(x, t, condition);
    const auto inside = (t >= options.from).logical_and(t <= options.to);
    if (options.scale == 1.0 || !inside.any().item<bool>()) return estimate;
    const auto dropped = denoiser(x, t, {}).x0;
    const auto guided = dropped + options.scale * (estimate.x0 - dropped);
    estimate.x0 = t.dim() == 0 ? guided : at::where(along(inside, x), guided, estimate.x0);
    return estimate;
  };
}

Denoiser classifier_guided(Denoiser denoiser, LogProbability classifier, const Process& process,
                           double scale) {
  return [denoiser = std::move(denoiser), classifier = std::move(classifier), &process, scale](
             const torch::Tensor& x, const torch::Tensor& t, const Condition& condition) {
    auto estimate = denoiser(x, t, condition);
    const auto level = process.at(t);
    const auto reach = (scale * level.noise.square() / level.signal).to(x.scalar_type());
    const auto slope = slope_of(classifier, x, t, condition.labels);
    estimate.x0 = estimate.x0 + (t.dim() == 0 ? reach : along(reach, x)) * slope;
    return estimate;
  };
}

Denoiser thresholded(Denoiser denoiser, double quantile) {
  return [denoiser = std::move(denoiser), quantile](const torch::Tensor& x, const torch::Tensor& t,
                                                    const Condition& condition) {
    auto estimate = denoiser(x, t, condition);
    const auto largest = at::quantile(estimate.x0.abs().flatten(1), quantile, 1).clamp_min(1.0);
    const auto s = along(largest, x);
    estimate.x0 = at::minimum(at::maximum(estimate.x0, -s), s) / s;
    return estimate;
  };
}

}  // namespace assay
