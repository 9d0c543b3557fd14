// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/gradient_clip.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "kernels/runtime/seed_batch.h"

namespace assay {

namespace {

torch::Tensor norm_of(const std::vector<torch::Tensor>& gradients) {
  return at::stack(at::_foreach_norm(gradients, 2)).norm();
}

torch::Tensor clip(const std::vector<torch::Tensor>& gradients, double max_norm) {
  const auto norm = norm_of(gradients);
  at::_foreach_mul_(gradients, at::clamp_max(max_norm / (norm + 1e-6), 1.0));
  return norm;
}

// norm(gradients) of each seed.
template <class Norm>
torch::Tensor of_each_seed(const std::vector<torch::Tensor>& parameters, const Norm& norm) {
  const at::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  TORCH_CHECK(!gradients.empty(), "no parameter has a gradient to clip");
  if (seeds_in_batch() == 0) return norm(gradients);
  std::vector<torch::Tensor> norms;
  for (std::int64_t seed = 0; seed < seeds_in_batch(); ++seed) {
    std::vector<torch::Tensor> of_seed;
    for (const auto& gradient : gradients) of_seed.push_back(gradient.select(0, seed));
    norms.push_back(norm(of_seed));
  }
  return batch_over_seeds(at::stack(norms));
}

}  // namespace

torch::Tensor clip_gradient_norm(const std::vector<torch::Tensor>& parameters, double max_norm) {
  return of_each_seed(parameters, [&](const auto& gradients) { return clip(gradients, max_norm); });
}

torch::Tensor gradient_norm(const std::vector<torch::Tensor>& parameters) {
  return of_each_seed(parameters, norm_of);
}

}  // namespace assay
