// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace assay {

/// Squared Euclidean distance from each row of [N,D] f64 to its k-th nearest other row: [N] f64.
/// The row itself does not count, its duplicates do (at distance exactly 0). 1 ≤ k < N.
///
/// Distances come from blocked matrix products, ‖a‖² + ‖b‖² − 2a·b, whose rounding error is
/// bounded; whatever the bound leaves open is decided by Σ(aᵢ−bᵢ)². Results are thus those of
/// direct differences, for every block size and thread count. Memory: O(block²) beside the rows.
at::Tensor kth_neighbour_squared(const at::Tensor& rows, std::int64_t k);

/// Whether each query [M,D] f64 lies in a ball round any centre [N,D] f64: ‖q−c‖² ≤
/// radii_squared[N], the edge included: [M] bool. Decided as above.
at::Tensor inside_any_ball(const at::Tensor& queries, const at::Tensor& centres,
                           const at::Tensor& radii_squared);

}  // namespace assay
