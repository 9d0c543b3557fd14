// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/codes.h"
#include "metrics/metric.h"

namespace assay {

/// β-VAE's score (Higgins et al. 2017, algorithm 1): the accuracy of a linear classifier
/// (fit_logistic) that tells which factor the pairs of a group share, from
///   z_diff = 1/B Σ_b |z_b1 − z_b2|.
/// The first two thirds of the groups fit it, the rest are scored. groups.values: [G,B,2,L], groups
/// in random order, G ≥ 3.
double beta_vae_score(const CodeGroups& groups);

/// Standard error binomial over the scored groups, the classifier taken as fixed.
MetricValue compute_beta_vae_score(const MetricInputs& inputs);

}  // namespace assay
