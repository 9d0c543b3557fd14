// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/dropout.h"

#include <ATen/ATen.h>

namespace assay {

torch::Tensor dropout(const torch::Tensor& x, double probability, bool training,
                      std::optional<Noise> noise) {
  TORCH_CHECK(probability >= 0.0 && probability < 1.0, "dropout probability is ", probability,
              ", it must lie in [0, 1)");
  if (!training || probability == 0.0) return x;
  TORCH_CHECK(noise.has_value(), "dropout in training needs noise");
  const auto keep = noise->bernoulli_like(x, 1.0 - probability);
  return x * keep.mul_(1.0 / (1.0 - probability));
}

}  // namespace assay
