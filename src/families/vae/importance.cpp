// SPDX-License-Identifier: Apache-2.0
#include "families/vae/importance.h"

#include <ATen/ATen.h>

#include <cmath>

namespace assay {

torch::Tensor importance_weighted_bound(const torch::Tensor& log_weights) {
  TORCH_CHECK(log_weights.dim() == 2, "importance weights must be [k,N], not ",
              log_weights.sizes());
  return at::logsumexp(log_weights, 0) - std::log(static_cast<double>(log_weights.size(0)));
}

}  // namespace assay
