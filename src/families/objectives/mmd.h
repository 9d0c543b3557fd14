// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "families/objectives/latent_term.h"

namespace assay {

enum class MmdKernel {
  kInverseMultiquadratic,  ///< Σ_s C·s / (C·s + ‖a − b‖²), s in {.1, .2, .5, 1, 2, 5, 10}
  kGaussian                ///< exp(−‖a − b‖² / C)
};

/// Squared maximum mean discrepancy between codes [N,Z] and as many draws of the prior [N,Z]
/// (Tolstikhin et al. 2018, algorithm 2; Zhao et al. 2019), the unbiased estimate
///   1/(N(N−1)) Σ_{i≠j} (k(z_i,z_j) + k(p_i,p_j)) − 2/N² Σ_{i,j} k(z_i,p_j)
/// with C = 2·Z·bandwidth², the mean squared distance of two draws of N(0, bandwidth² I). The seven
/// scales are those of the WAE code. 0-dim; may be below zero. Throws c10::Error for N < 2.
torch::Tensor mmd_squared(const torch::Tensor& codes, const torch::Tensor& prior_draws,
                          MmdKernel kernel, double bandwidth);

/// Weight · MMD² of a step's codes and N(0, I), of which it draws as many. Logs mmd.
LatentTermSource mmd_penalty();

}  // namespace assay
