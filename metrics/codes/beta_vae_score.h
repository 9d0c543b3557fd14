// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/metric.h"

namespace assay {

/// 1/B Σ_b |z_b1 − z_b2| of groups of pairs: [G,B,2,L] -> [G,L].
at::Tensor mean_differences(const at::Tensor& pairs);

/// β-VAE's score (Higgins et al. 2017, algorithm 1): the accuracy of a linear classifier
/// (fit_logistic) that tells which factor the pairs of a group share, from their mean_differences.
/// The first two thirds of the groups fit it, the rest are scored. differences: [G,L] f64, groups
/// in random order, G ≥ 3; factors: [G].
double beta_vae_score(const at::Tensor& differences, const std::vector<std::int64_t>& factors);

/// Of inputs.codes.pair_codes if there are any, else of pairs drawn from its codes and
/// factors (draw_pairs). Standard error binomial over the scored groups, the classifier taken as
/// fixed.
MetricValue compute_beta_vae_score(const MetricInputs& inputs);

}  // namespace assay
