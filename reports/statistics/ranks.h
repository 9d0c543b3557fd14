// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay {

/// Ranks of values, counted from 1; equal values share the mean of theirs.
struct Ranks {
  std::vector<std::int64_t> doubled;  ///< twice the rank of each value: whole even with ties
  double ties = 0.0;                  ///< Σ (t³ − t) over groups of t equal values
};
Ranks ranks_of(std::span<const double> values);

/// 1 … count.
Ranks untied_ranks(std::size_t count);

}  // namespace assay
