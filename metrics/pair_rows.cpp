// SPDX-License-Identifier: Apache-2.0
#include "metrics/pair_rows.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace assay {

[[gnu::target_clones("avx512f", "avx2", "default")]] void squared_distances(
    const double* g, double squared_norm, const TileColumns& columns, double* out) {
  const double* norms = columns.squared_norms;
  const std::int64_t n = columns.n;
  for (std::int64_t c = 0; c < n; ++c) out[c] = squared_norm + norms[c] - 2.0 * g[c];
}

[[gnu::target_clones("avx512f", "avx2", "default")]] bool any_below(const double* d,
                                                                    double row_limit,
                                                                    const double* column_limits,
                                                                    std::int64_t n) {
  std::int64_t below = 0;
  for (std::int64_t c = 0; c < n; ++c) below += d[c] < std::max(row_limit, column_limits[c]);
  return below > 0;
}

[[gnu::target_clones("avx512f", "avx2", "default")]] double add_cubic_kernel(
    const double* g, double row_offset, const TileColumns& columns, double inverse_dimensions,
    double* column_sums) {
  constexpr std::int64_t kLanes = 8;
  std::array<double, kLanes> sums{};
  const double* offsets = columns.origin_products;
  std::int64_t c = 0;
  for (; c + kLanes <= columns.n; c += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double t = (g[c + lane] + row_offset + offsets[c + lane]) * inverse_dimensions + 1.0;
      const double kernel = t * t * t;
      column_sums[c + lane] += kernel;
      sums[static_cast<std::size_t>(lane)] += kernel;
    }
  }
  double sum = 0.0;
  for (; c < columns.n; ++c) {
    const double t = (g[c] + row_offset + offsets[c]) * inverse_dimensions + 1.0;
    column_sums[c] += t * t * t;
    sum += t * t * t;
  }
  for (const double part : sums) sum += part;
  return sum;
}

[[gnu::target_clones("avx512f", "avx2", "default")]] std::int64_t count_inside(
    const double* d, const BallRow& row, const TileColumns& columns, std::int32_t* column_hits,
    std::uint8_t* column_covered, std::int64_t& open) {
  std::int32_t inside = 0;
  std::int32_t unclear = 0;
  const auto n = static_cast<std::int32_t>(columns.n);
  for (std::int32_t c = 0; c < n; ++c) {
    const double error = row.error_factor * (row.squared_norm + columns.squared_norms[c]);
    const double low = d[c] - error;
    const double high = d[c] + error;
    const std::int32_t in_column = high < row.column_radii[c];
    const std::int32_t in_row = high < row.squared_radius;
    const std::int32_t out_of_column = low > row.column_radii[c];
    const std::int32_t out_of_row = low > row.squared_radius;
    inside += in_column;
    column_hits[c] += in_row;
    column_covered[c] = static_cast<std::uint8_t>(column_covered[c] | in_column);
    unclear += 1 - ((in_column | out_of_column) & (in_row | out_of_row));
  }
  open += unclear;
  return inside;
}

}  // namespace assay
