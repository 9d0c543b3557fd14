// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace assay {

/// The cheapest one-to-one assignment of rows to columns, with its dual: u_i + v_j ≤ c_ij for all
/// pairs, with equality for those assigned.
struct Assignment {
  std::vector<std::int64_t> column_of_row;
  std::vector<double> row_potentials;     ///< u
  std::vector<double> column_potentials;  ///< v
};

/// Exact minimum of Σ_i c[i, σ(i)] over permutations σ: an auction (Bertsekas 1988), whose
/// potentials are nearly the optimum's, then shortest augmenting paths (Jonker & Volgenant 1987;
/// Edmonds & Karp 1972) for the rows that share their cheapest column, which are short from there.
/// O(N³) time, O(N) memory beyond the costs.
/// costs: [N,N] f64, finite.
Assignment cheapest_assignment(const at::Tensor& costs);

}  // namespace assay
