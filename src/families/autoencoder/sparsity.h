// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// Mean over the batch of Σ_j |h_j|. codes: [N,Z]. 0-dim.
torch::Tensor l1_sparsity(const torch::Tensor& codes);

/// Σ_j KL(ρ ‖ ρ̂_j) in nats, ρ̂_j the batch's mean activation of unit j (Ng 2011, CS294A notes, sec.
/// 3):
///   ρ log(ρ / ρ̂_j) + (1 − ρ) log((1 − ρ) / (1 − ρ̂_j)).
/// codes: [N,Z] in (0,1); target ρ in (0,1). 0-dim.
torch::Tensor kl_sparsity(const torch::Tensor& codes, double target);

/// Keeps the k largest entries of each code and sets the others to zero (k-sparse autoencoder:
/// Makhzani & Frey 2014, algorithm 1). codes: [N,Z], k ≤ Z.
torch::Tensor keep_largest(const torch::Tensor& codes, std::int64_t k);

}  // namespace assay
