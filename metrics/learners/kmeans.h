// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace assay {

/// Centres [K,D] of Lloyd's k-means from k-means++ starts (Arthur & Vassilvitskii 2007): the best
/// by summed squared distance of ten starts drawn by `seed`, each run until no row changes its
/// centre or 300 times. A centre that loses all its rows stays where it was. rows [N,D] f64, 1 ≤ K
/// ≤ N.
at::Tensor kmeans_centres(const at::Tensor& rows, std::int64_t k, std::uint64_t seed);

/// Index of the nearest centre of each row (the first of equals): [N] i64.
at::Tensor nearest_centre(const at::Tensor& rows, const at::Tensor& centres);

}  // namespace assay
