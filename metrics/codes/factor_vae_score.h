// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/metric.h"

namespace assay {

/// Variances of the codes within groups, ÷(B−1): [G,B,L] -> [G,L].
at::Tensor group_variances(const at::Tensor& groups);

/// FactorVAE's score (Kim & Mnih 2018, sec. 4): each group votes for the code with the least
///   Var_group(z_l) / Var(z_l),
/// of the active codes only (√Var(z_l) ≥ least_deviation), and the score is the share of groups
/// whose factor is the most frequent one among those that voted for the same code (the first on
/// ties). It is the accuracy on the votes that made the classifier, as in the paper; 0 if no code
/// is active. within: [G,L] group_variances; factors: [G], from 0; variances: [L] f64.
double factor_vae_score(const at::Tensor& within, const std::vector<std::int64_t>& factors,
                        const at::Tensor& variances, double least_deviation);

/// Of inputs.codes.group_codes if there are any, else of groups drawn from its codes and
/// factors (draw_groups). Standard error binomial over groups, the classifier taken as fixed.
MetricValue compute_factor_vae_score(const MetricInputs& inputs);

}  // namespace assay
