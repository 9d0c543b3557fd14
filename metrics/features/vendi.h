// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Vendi score of order q (Friedman & Dieng 2023, definition 3.1; Pasarkar & Dieng 2024 for q ≠ 1):
/// the effective number of distinct rows under cosine similarity,
///   exp H_q(λ),   H_q = log(Σ λᵢ^q) / (1−q),   H_1 = −Σ λᵢ log λᵢ,   H_∞ = −log max λᵢ,
/// λ the eigenvalues of XXᵀ/N for rows of length one (XᵀX/N, which has the same, where N > D).
/// From 1 (all alike) to min(N, D). Eigenvalues below 10⁻¹² of the largest count as zero.
///
/// Standard error: delta method, from the influence of row x on H_q with C = XᵀX/N,
///   q/(1−q) · (xᵀC^(q−1)x / tr C^q − 1);   −xᵀ(log C)x − H_1;   1 − (uᵀx)²/max λ.
/// rows: [N,D] f64 of any length but zero; N ≥ 2, q ≥ 0, infinity included.
Mean vendi_score(const at::Tensor& rows, double q);

MetricValue compute_vendi(const MetricInputs& inputs);

}  // namespace assay
