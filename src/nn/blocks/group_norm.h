// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/normalization.h>

namespace assay {

/// SiLU(norm(x + shift)), shift [N,C] or undefined, by kernels/group_norm.h.
torch::Tensor norm_silu(const torch::nn::GroupNorm& norm, const torch::Tensor& x,
                        const torch::Tensor& shift = {});

/// SiLU(norm(x) · (1 + scale) + shift), both [N,C]: "adaptive group normalisation" (Dhariwal &
/// Nichol 2021, section 3).
torch::Tensor adaptive_norm_silu(const torch::nn::GroupNorm& norm, const torch::Tensor& x,
                                 const torch::Tensor& scale, const torch::Tensor& shift);

}  // namespace assay
