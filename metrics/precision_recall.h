// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/metric.h"

namespace assay {

/// Share of queries [M,D] f64 that lie in the union of balls round the points [N,D] f64 of a
/// manifold, each with the distance to its point's k-th nearest other point as radius, the edge
/// included (Kynkäänniemi et al. 2019, eq. 1-2). 1 ≤ k < N.
double share_on_manifold(const at::Tensor& queries, const at::Tensor& manifold, std::int64_t k);

/// Precision: share of generated on the reference's manifold. Recall: share of reference on the
/// generated's. Their standard errors are binomial: the counted rows are the sample, the manifold
/// is taken as fixed.
MetricValue compute_precision(const MetricInputs& inputs);
MetricValue compute_recall(const MetricInputs& inputs);

}  // namespace assay
