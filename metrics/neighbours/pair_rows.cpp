// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/pair_rows.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

namespace assay {

[[gnu::target_clones("avx512f", "avx2", "default")]] void distances_of_products(
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

[[gnu::target_clones("avx512f", "avx2", "default")]] BallCounts count_inside(
    const double* d, const BallRow& row, const TileColumns& columns, double* column_hits,
    double* column_covered) {
  // Copies, and counts that are doubles: the loop has one width and becomes vectors.
  const double squared_norm = row.squared_norm, squared_radius = row.squared_radius;
  const double factor = row.error_factor, floor = row.error_floor;
  const double* column_radii = row.column_radii;
  const double* norms = columns.squared_norms;
  constexpr std::int64_t kLanes = 8;
  std::array<double, kLanes> inside{}, open{};
  const std::int64_t whole = columns.n / kLanes * kLanes;
  const auto count_one = [&](std::int64_t c, std::size_t lane) {
    const double error = factor * (squared_norm + norms[c]) + floor;
    const double low = d[c] - error;
    const double high = d[c] + error;
    const double in_column = high < column_radii[c] ? 1.0 : 0.0;
    const double in_row = high < squared_radius ? 1.0 : 0.0;
    const double out_of_column = low > column_radii[c] ? 1.0 : 0.0;
    const double out_of_row = low > squared_radius ? 1.0 : 0.0;
    inside[lane] += in_column;
    column_hits[c] += in_row;
    column_covered[c] += in_column;
    // An inside and an outside exclude each other: the product is 1 where both are settled.
    open[lane] += 1.0 - (in_column + out_of_column) * (in_row + out_of_row);
  };
  for (std::int64_t c = 0; c < whole; c += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      count_one(c + lane, static_cast<std::size_t>(lane));
    }
  }
  for (std::int64_t c = whole; c < columns.n; ++c) count_one(c, 0);
  return {std::accumulate(inside.begin(), inside.end(), 0.0),
          std::accumulate(open.begin(), open.end(), 0.0)};
}

}  // namespace assay
