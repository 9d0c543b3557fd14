// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/features/mmd.h"
#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Squared maximum mean discrepancy under k(x,y) = exp(−‖x−y‖² / 2σ²), see mmd_squared. x [N,D],
/// y [M,D], both f32 or both f64; N, M ≥ 2.
Mean gaussian_mmd_squared(const at::Tensor& x, const at::Tensor& y, double sigma,
                          MmdEstimator estimator, at::Device device = at::kCPU);

/// Median distance between different rows [N,D] f64. Of more than 2000 rows, 2000 evenly spaced
/// ones stand for all; even counts average the two in the middle.
double median_distance(const at::Tensor& rows);

/// The kernel width of mmd_rbf: mmd_rbf.sigma, or where that is 0 the median distance of the
/// reference (not of both samples pooled: models would have different kernels). Throws Error if
/// that is 0.
double mmd_rbf_sigma(const MetricInputs& inputs);

/// CMMD (Jayasumana et al. 2024): the biased estimate on rows of length one, times `scale`.
MetricValue compute_cmmd(const MetricInputs& inputs);
/// The unbiased estimate on features as they are; see mmd_rbf_sigma.
MetricValue compute_mmd_rbf(const MetricInputs& inputs);

}  // namespace assay
