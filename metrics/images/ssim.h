// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Side of the Gaussian window (σ = 1.5) of SSIM and MS-SSIM in pixels.
constexpr std::int64_t kSsimWindow = 11;
/// The least side of an image: after four halvings a whole window is left.
constexpr std::int64_t kMsSsimSide = ((kSsimWindow - 1) << 4) + 1;

/// Means over an image's window positions, each [N,C] f64.
struct SsimTerms {
  at::Tensor similarity;  ///< of l·cs, the structural similarity
  at::Tensor contrast;    ///< of cs, its contrast and structure part
};

/// Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004, eq. 13) per image and channel:
///   l = (2 μ_x μ_y + C₁)/(μ_x² + μ_y² + C₁),   cs = (2 σ_xy + C₂)/(σ_x² + σ_y² + C₂)
/// with C₁ = (0.01·255)², C₂ = (0.03·255)², moments weighted by an 11×11 Gaussian of σ = 1.5 whose
/// weights sum to 1 (÷N, not ÷(N−1)), only where the window lies inside the image.
/// x, y: [N,C,H,W] f64 on the scale 0 to 255, sides ≥ 11.
SsimTerms ssim_terms(const at::Tensor& x, const at::Tensor& y);

/// Mean of l·cs over window positions, then channels, then images; standard error sd/√N over
/// images. originals, reconstructions: [N,C,H,W] u8, N ≥ 2, sides ≥ 11.
Mean ssim(const at::Tensor& originals, const at::Tensor& reconstructions);

/// Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003, eq. 7) with five scales:
///   Π_{j=1..4} cs_j^{w_j} · (l₅ cs₅)^{w₅},   w = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333),
/// per channel, then mean over channels and images. Each scale halves the sides by 2×2 means (odd
/// sides are padded with zeros, as in pytorch-msssim); a factor below 0 counts as 0, since its
/// power is undefined. originals, reconstructions: [N,C,H,W] u8, N ≥ 2, sides > 160.
Mean ms_ssim(const at::Tensor& originals, const at::Tensor& reconstructions);

/// Throw Error for images that are too small, naming the least side.
MetricValue compute_ssim(const MetricInputs& inputs);
MetricValue compute_ms_ssim(const MetricInputs& inputs);

}  // namespace assay
