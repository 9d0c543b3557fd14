// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Peak signal-to-noise ratio in decibels, mean over images:
///   1/N Σ_n 10 log₁₀(255² / MSE_n),   MSE_n over the pixels and channels of image n.
/// Standard error sd/√N over images. A pair that is identical has +∞ dB; so has then the mean, with
/// a standard error of NaN (none is known).
/// originals, reconstructions: [N,C,H,W] u8, N ≥ 2.
Mean psnr(const at::Tensor& originals, const at::Tensor& reconstructions);

MetricValue compute_psnr(const MetricInputs& inputs);

}  // namespace assay
