// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "metrics/codes/codes.h"
#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// What BoostedTrees, one per factor, learn of the factors from all codes.
struct LearnedFactors {
  at::Tensor importance;  ///< [L,F] f64, R: columns sum to 1, or to 0 if nothing was learned
  at::Tensor hits;        ///< [F,T] bool: factors of the test rows that are told
};
/// Fitted to the rows `train`, scored on the rows `test` (each i64); test may be empty. Codes in
/// another order are learned as well: splits that tie are settled by what the codes hold
/// (order_by_values).
LearnedFactors learned_factors(const CheckedCodes& codes, const Split& split);

/// The trees of an evaluation's scores, and of what they learned: those of all rows to learn from,
/// and the importances of those without one of the jackknife's groups.
struct DciMemo {
  at::Tensor codes, factors;
  std::optional<LearnedFactors> whole;
  std::vector<at::Tensor> without_group;
};

/// Disentanglement and completeness (Eastwood & Williams 2018, sec. 2) of an importance matrix R
/// [L,F], as disentanglement_lib computes them:
///   D = Σ_l ρ_l (1 − H_F(R_l·)),  ρ_l = Σ_f R_lf / Σ R;   C = Σ_f κ_f (1 − H_L(R_·f)),  likewise
/// with entropies to the base F and L of rows and columns normalised after adding 1e−11; a matrix
/// of zeros has equal shares ρ and κ. L, F ≥ 2.
double dci_disentanglement(const at::Tensor& importance);
double dci_completeness(const at::Tensor& importance);

/// Two thirds of the rows to learn from, one third to score (train_test_split). D and C have the
/// delete-a-group jackknife over five groups of the rows to learn from for a standard error. What
/// the three scores have in common is learned once, if inputs.trees is there to keep it.
MetricValue compute_dci_disentanglement(const MetricInputs& inputs);
MetricValue compute_dci_completeness(const MetricInputs& inputs);
/// I = mean accuracy over factors and test rows; standard error sd/√T over test rows.
MetricValue compute_dci_informativeness(const MetricInputs& inputs);

}  // namespace assay
