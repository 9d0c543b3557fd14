// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/gradient_clip.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "kernels/runtime/seed_batch.h"

namespace assay {

namespace {

torch::Tensor clip(const std::vector<torch::Tensor>& gradients, double max_norm) {
  const auto norm = at::stack(at::_foreach_norm(gradients, 2)).norm();
  at::_foreach_mul_(gradients, at::clamp_max(max_norm / (norm + 1e-6), 1.0));
  return norm;
}

}  // namespace

torch::Tensor clip_gradient_norm(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  TORCH_CHECK(!gradients.empty(), "no parameter has a gradient to clip");
  if (seeds_in_batch() == 0) return clip(gradients, max_norm);
  std::vector<torch::Tensor> norms;
  for (std::int64_t seed = 0; seed < seeds_in_batch(); ++seed) {
    std::vector<torch::Tensor> of_seed;
    for (const auto& gradient : gradients) of_seed.push_back(gradient.select(0, seed));
    norms.push_back(clip(of_seed, max_norm));
  }
  return batch_over_seeds(at::stack(norms));
}

}  // namespace assay
