// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>

#include "nn/blocks/condition.h"

namespace assay {

/// That of the examples `index` [M] i64 alone.
Condition of_examples(const Condition& condition, const torch::Tensor& index);

/// What a network says of noisy examples.
struct Estimate {
  torch::Tensor x0;  ///< E[x_0|x_t], like x_t
  /// Of a learned variance log Σ = share · log β + (1 − share) · log β̃ (Nichol & Dhariwal 2021, eq.
  /// 15), like x_t; undefined where the variance is fixed.
  torch::Tensor variance_share = {};
};

/// x̂_0(x, t, condition): all that a sampler may ask. x: [N,…]; t: f64, [N] or 0-dim for one time.
/// Guidance and thresholds wrap it.
using Denoiser = std::function<Estimate(const torch::Tensor& x, const torch::Tensor& t,
                                        const Condition& condition)>;

/// Adds the examples of each call to `examples`: the network's evaluations, of which a sample costs
/// their number over that of the samples. `examples` must outlive what is returned.
Denoiser counted(Denoiser denoiser, std::int64_t& examples);

/// Every estimate clamped to [−1,1] (Ho et al. 2020's code): of pixels only.
Denoiser clipped(Denoiser denoiser);

}  // namespace assay
