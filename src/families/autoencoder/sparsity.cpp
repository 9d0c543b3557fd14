// SPDX-License-Identifier: Apache-2.0
#include "families/autoencoder/sparsity.h"

#include <ATen/ATen.h>

#include <cmath>

namespace assay {

torch::Tensor l1_sparsity(const torch::Tensor& codes) { return codes.abs().sum(1).mean(); }

torch::Tensor kl_sparsity(const torch::Tensor& codes, double target) {
  const auto mean = codes.mean(0);
  const double entropy = target * std::log(target) + (1.0 - target) * std::log(1.0 - target);
  const auto cross = target * mean.log() + (1.0 - target) * (1.0 - mean).log();
  return (entropy - cross).sum();
}

torch::Tensor keep_largest(const torch::Tensor& codes, std::int64_t k) {
  TORCH_CHECK(k >= 1 && k <= codes.size(1), "cannot keep ", k, " of ", codes.size(1), " entries");
  const auto kept = std::get<1>(codes.topk(k, 1));
  return codes * at::zeros_like(codes).scatter(1, kept, 1.0);
}

}  // namespace assay
