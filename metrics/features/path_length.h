// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Mean of [N] f64 values between two percentiles (numpy's, `lower` at the low end and `higher` at
/// the high end; both included), as StyleGAN's code takes it: values outside are dropped.
/// The standard error is that of a trimmed mean: the sd of the values with the dropped ones moved
/// to the ends (Winsorised), over (kept share) · √N (Tukey & McLaughlin 1963).
/// Percentages trim_low and trim_high from 0 to below 50.
Mean percentile_mean(const at::Tensor& values, double trim_low, double trim_high);

/// Perceptual path length (Karras et al. 2019, sec. 4.1): mean d(G(z), G(z+ε))²/ε² after dropping
/// what lies below the 1st and above the 99th percentile.
MetricValue compute_ppl(const MetricInputs& inputs);

}  // namespace assay
