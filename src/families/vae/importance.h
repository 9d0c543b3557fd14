// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// Importance-weighted bound per image in nats (Burda et al. 2016, eq. 8):
///   log 1/k Σ_i w_i.
/// log_weights: [k,N] of log p(x,z_i) − log q(z_i|x), z_i ~ q(z|x). Returns [N]; the ELBO for k
/// = 1.
torch::Tensor importance_weighted_bound(const torch::Tensor& log_weights);

}  // namespace assay
