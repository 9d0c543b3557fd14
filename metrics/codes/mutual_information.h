// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "metrics/codes/codes.h"

namespace assay {

/// Codes cut into bins, row by row beside their factors, for counting.
struct BinnedCodes {
  std::int64_t rows = 0, codes = 0, bins = 0;
  std::vector<std::int64_t> bin;     ///< [N·L] from 0
  std::vector<std::int64_t> factor;  ///< [N·F]
  std::vector<std::int64_t> sizes;   ///< [F]
};

/// `bins` intervals of equal width from each code's least to its greatest value, closed on the left
/// (the last on both sides): numpy.histogram's edges i·(max − min)/bins + min and numpy.digitize,
/// as disentanglement_lib cuts. A code that never changes falls into one bin.
BinnedCodes binned_codes(const CheckedCodes& codes, std::int64_t bins);

/// In nats, of the empirical distribution of rows taken counts[n] times (each once if empty):
struct MutualInformation {
  at::Tensor information;  ///< [L,F] f64: I(z_l; v_f) = Σ p(z,v) log(p(z,v)/(p(z) p(v)))
  at::Tensor entropies;    ///< [F] f64: H(v_f)
};
MutualInformation mutual_information(const BinnedCodes& binned,
                                     std::span<const std::int64_t> counts = {});

/// A score of disentanglement that mutual information decides.
using InformationScore = std::function<double(const MutualInformation&)>;

/// Standard deviation of a score over 200 bootstrap resamples of the rows, seeded with a constant.
/// The bins stay those of the whole sample.
double bootstrap_standard_error(const BinnedCodes& binned, const InformationScore& score);

}  // namespace assay
