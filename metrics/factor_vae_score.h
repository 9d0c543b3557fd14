// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/codes.h"
#include "metrics/metric.h"

namespace assay {

/// FactorVAE's score (Kim & Mnih 2018, sec. 4): each group votes for the code with the least
///   Var_group(z_l) / Var(z_l),
/// of the active codes only (√Var(z_l) ≥ least_deviation), and the score is the share of groups
/// whose factor is the most frequent one among those that voted for the same code (the first on
/// ties). It is the accuracy on the votes that made the classifier, as in the paper; 0 if no code
/// is active. groups.values: [G,B,L]; variances: [L] f64. Variances of a group ÷(B−1).
double factor_vae_score(const CodeGroups& groups, const at::Tensor& variances,
                        double least_deviation);

/// Standard error binomial over groups, the classifier taken as fixed.
MetricValue compute_factor_vae_score(const MetricInputs& inputs);

}  // namespace assay
