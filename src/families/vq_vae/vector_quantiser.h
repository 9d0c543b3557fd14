// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "nn/state.h"

namespace assay {

/// Index of the nearest codebook entry by Euclidean distance (van den Oord et al. 2017, eq. 1-2).
/// vectors: [M,D]; codebook: [K,D]. Returns [M] i64.
torch::Tensor nearest_code(const torch::Tensor& vectors, const torch::Tensor& codebook);

/// exp of the entropy of how often each code is used, −Σ p log p: between 1 (collapse) and K.
/// indices: [M] i64. 0-dim f32.
torch::Tensor perplexity(const torch::Tensor& indices, std::int64_t codes);

/// Forward: quantised; backward: the gradient goes to `vectors` as if nothing had happened (ibid.,
/// sec. 3.2).
torch::Tensor straight_through(const torch::Tensor& vectors, const torch::Tensor& quantised);

/// Mean over all numbers of (z_e − sg[e])² (ibid., eq. 3, third term, without its weight β). 0-dim.
torch::Tensor commitment_loss(const torch::Tensor& vectors, const torch::Tensor& quantised);

/// Codebook by exponential moving averages (ibid., appendix A.1), as in the authors' Sonnet module:
///   N_k ← γ N_k + (1 − γ) n_k,  m_k ← γ m_k + (1 − γ) Σ z_e of code k,  e_k = m_k / N_k,
/// where averages are divided by 1 − γ^t and N_k is smoothed, (N_k + ε) / (n + Kε) · n with n = Σ
/// N_k and ε = 1e-5: a code that is long unused goes to the origin, where it can be taken up again.
class EmaCodebook {
 public:
  /// `codebook` [K,D] is updated in place and outlives this.
  EmaCodebook(torch::Tensor codebook, double decay);

  /// vectors: [M,D], indices: [M] of nearest_code().
  void update(const torch::Tensor& vectors, const torch::Tensor& indices);
  void visit_state(StateVisitor& visitor);

 private:
  double decay_;
  torch::Tensor codebook_, counts_, sums_, steps_;
};

/// Which code stands how often at each of P positions, as shares [P,K] f64. indices:
/// [N,P].
torch::Tensor position_shares(const torch::Tensor& indices, std::int64_t codes);

/// `count` grids of codes [count,P] i64: each position is drawn on its own from its shares, grid
/// after grid from a CPU generator.
torch::Tensor sample_positions(const torch::Tensor& shares, std::int64_t count,
                               torch::Generator generator);

}  // namespace assay
