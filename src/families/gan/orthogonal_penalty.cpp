// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include "families/gan/critic_penalty.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

// Σ ‖W Wᵀ − I‖² over all weights as matrices [O,…] (Brock et al. 2017, Neural Photo Editing,
// "orthogonal regularization"): how far their rows are from orthonormal ones. Biases and scales of
// normalisations have none.
torch::Tensor distance_from_orthonormal(const CriticView& view) {
  torch::Tensor sum;
  for (const auto& parameter : view.parameters) {
    const auto weight = seeds_in_batch() > 0 ? batch_over_seeds(parameter) : parameter;
    if (weight.dim() < 2) continue;
    const auto rows = weight.flatten(1);
    const auto identity = at::eye(rows.size(0), parameter.options().requires_grad(false));
    const auto term = (at::mm(rows, rows.t()) - identity).square().sum();
    sum = sum.defined() ? sum + term : term;
  }
  TORCH_CHECK(sum.defined(), "a discriminator without weights");
  return sum;
}

}  // namespace

CriticPenalty orthogonal_penalty() {
  return {.paper = "Brock et al. 2017 (orthogonal regularisation)",
          .meaning = "weight of Σ‖W Wᵀ − I‖² over the discriminator's weights (Brock et al. 2017)",
          .value = distance_from_orthonormal,
          .takes_examples_alone = false};
}

}  // namespace assay
