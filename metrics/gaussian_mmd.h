// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

enum class MmdEstimator {
  kBiased,   ///< means over all pairs, a row with itself included; never negative
  kUnbiased  ///< means over pairs of different rows; may be negative
};

/// Squared maximum mean discrepancy under k(x,y) = exp(−‖x−y‖² / 2σ²) (Gretton et al. 2012, eq. 3
/// and 5): mean k(x,x') + mean k(y,y') − 2 mean k(x,y). The standard error is the leave-one-out
/// jackknife's over both samples, from the kernel's row sums; where the distributions agree it is
/// too large by up to √2. Memory: O(block²) beside the rows.
/// x [N,D], y [M,D] f64; N, M ≥ 2, and ≥ 3 for the unbiased one's standard error (else infinite).
Mean gaussian_mmd_squared(const at::Tensor& x, const at::Tensor& y, double sigma,
                          MmdEstimator estimator);

/// Median distance between different rows of the two samples pooled (Gretton et al. 2012, sec. 8).
/// Of more than 2000 rows, 2000 evenly spaced ones stand for all; even counts average the two in
/// the middle. x [N,D], y [M,D] f64.
double median_distance(const at::Tensor& x, const at::Tensor& y);

/// CMMD (Jayasumana et al. 2024): the biased estimate on rows of length one, times `scale`.
MetricValue compute_cmmd(const MetricInputs& inputs);
/// The unbiased estimate on features as they are; σ is the median distance unless given.
MetricValue compute_mmd_rbf(const MetricInputs& inputs);

}  // namespace assay
