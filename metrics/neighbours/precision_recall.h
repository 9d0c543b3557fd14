// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Scores by balls round the points of a set that reach to each point's k-th nearest other point.
/// A point on a ball's edge lies inside (with --compat prdc it does not).
///
/// Improved precision and recall (Kynkäänniemi et al. 2019, eq. 1-2): the share of generated
/// points inside any reference ball; of reference points inside any generated ball. Binomial
/// standard errors: the counted points are the sample, the balls are taken as fixed.
MetricValue compute_precision(const MetricInputs& inputs);
MetricValue compute_recall(const MetricInputs& inputs);

/// Density (Naeem et al. 2020, eq. 5): the mean over generated points of (reference balls that hold
/// it)/k; it can exceed 1. Standard error sd/√N.
MetricValue compute_density(const MetricInputs& inputs);

/// Coverage (Naeem et al. 2020, eq. 6): the share of reference points whose own ball holds a
/// generated point. Binomial standard error.
MetricValue compute_coverage(const MetricInputs& inputs);

/// AuthPct, the authenticity of Alaa et al. 2022 (sec. 4) in percent: a generated point is
/// authentic if its nearest reference (training) point lies nearer to another reference point than
/// to it. Binomial standard error, in percent.
MetricValue compute_authpct(const MetricInputs& inputs);

}  // namespace assay
