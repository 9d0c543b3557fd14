// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "families/diffusion/denoiser.h"
#include "families/diffusion/process.h"

namespace assay {

/// How far a denoiser goes beyond what its condition says.
struct GuidanceOptions {
  double scale = 1.0;  ///< s; 1: the condition alone
  /// Times of the process between which it is guided, ends included (Kynkäänniemi et al. 2024).
  double from = 0.0, to = 1.0;
};

/// Classifier-free guidance (Ho & Salimans 2022, eq. 6, with s = 1 + w): x̂_0 = x̂_u + s (x̂_c − x̂_u),
/// x̂_u the estimate with the condition dropped; the same for ε̂ and the score, which are affine in
/// x̂_0. A learned variance is that of the condition. Costs two evaluations where it is guided.
Denoiser classifier_free(Denoiser denoiser, const GuidanceOptions& options);

/// log p(y|x_t) in nats, [N], of labels y [N] i64. t as a Denoiser's; differentiable by x.
using LogProbability = std::function<torch::Tensor(const torch::Tensor& x, const torch::Tensor& t,
                                                   const torch::Tensor& labels)>;

/// Classifier guidance (Dhariwal & Nichol 2021, algorithm 2): ε̂ = ε − s σ ∇_x log p(y|x_t), which
/// is x̂_0 = x_0 + s σ²/α ∇_x log p(y|x_t). α > 0. `process` must outlive what is returned.
Denoiser classifier_guided(Denoiser denoiser, LogProbability classifier, const Process& process,
                           double scale);

/// Dynamic thresholding (Saharia et al. 2022, sec. 2.3): every estimate clamped to [−s,s] and
/// divided by s, s the quantile of one sample's |x̂_0|, at least 1. Of pixels only.
Denoiser thresholded(Denoiser denoiser, double quantile);

}  // namespace assay
