// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace assay {

/// What stands around a normalisation in a residual block; each tensor may be undefined.
struct GroupNormTerms {
  at::Tensor shift;  ///< [N,C], added to x first (Ho et al. 2020: the time embedding)
  at::Tensor scale;  ///< γ, [C] or [N,C] (Nichol & Dhariwal 2021: a scale for each example)
  at::Tensor bias;   ///< β, the same shape as scale
};

/// SiLU(γ · x̂ + β), x̂ = (x + shift − μ) / √(σ² + epsilon) with mean μ and variance σ² of each
/// example's group of channels (Wu & He 2018, "Group Normalization"; SiLU(y) = y · sigmoid(y)). x:
/// [N,C,H,W]; groups divide C. f32 images in channels-last order on the CPU go through one fused
/// pass, each example by one thread; all else through LibTorch's operators, which the fused pass
/// agrees with to rounding. Can be differentiated any number of times.
at::Tensor group_norm_silu(const at::Tensor& x, const GroupNormTerms& terms, std::int64_t groups,
                           double epsilon);

}  // namespace assay
