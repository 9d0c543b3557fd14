// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Mean squared error of each pair per pixel and channel on the scale u8/255, [N] f64, exact sums.
/// originals, reconstructions: [N,C,H,W] u8.
at::Tensor squared_errors(const at::Tensor& originals, const at::Tensor& reconstructions);

/// Throws Error naming the metric unless there are pairs [N,C,H,W] of at least two images.
void check_reconstructions(const MetricInputs& inputs, std::string_view metric);

/// Mean squared error per pixel and channel on the scale u8/255 (0 to 1), mean over images:
///   1/N Σ_n 1/(CHW) Σ_i ((x_ni − y_ni)/255)²,   standard error sd/√N over images.
/// originals, reconstructions: [N,C,H,W] u8, N ≥ 2.
Mean reconstruction_mse(const at::Tensor& originals, const at::Tensor& reconstructions);

MetricValue compute_reconstruction_mse(const MetricInputs& inputs);

}  // namespace assay
