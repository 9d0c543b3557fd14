// SPDX-License-Identifier: Apache-2.0
#include "families/vae/dip.h"

#include <ATen/ATen.h>

namespace assay {

torch::Tensor mean_covariance(const torch::Tensor& mu) {
  TORCH_CHECK(mu.dim() == 2 && mu.size(0) > 1, "a covariance needs [N,Z] with N > 1, got ",
              mu.sizes());
  const auto centred = mu - mu.mean(0);
  return at::mm(centred.t(), centred) / static_cast<double>(mu.size(0));
}

torch::Tensor aggregate_covariance(const torch::Tensor& mu, const torch::Tensor& logvar) {
  return mean_covariance(mu) + at::diag(logvar.exp().mean(0));
}

IdentityDistance distance_from_identity(const torch::Tensor& covariance) {
  const auto diagonal = covariance.diagonal();
  const auto off = covariance - at::diag(diagonal);
  return {off.square().sum(), (diagonal - 1.0).square().sum()};
}

}  // namespace assay
