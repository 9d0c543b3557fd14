// SPDX-License-Identifier: Apache-2.0
#include "nn/gradient_clip.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace assay {

torch::Tensor clip_gradient_norm(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  TORCH_CHECK(!gradients.empty(), "no parameter has a gradient to clip");
  const auto norm = at::stack(at::_foreach_norm(gradients, 2)).norm();
  at::_foreach_mul_(gradients, at::clamp_max(max_norm / (norm + 1e-6), 1.0));
  return norm;
}

}  // namespace assay
