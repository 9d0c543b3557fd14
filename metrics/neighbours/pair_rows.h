// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace assay {

/// What is done with one row of a tile of products g[c] = (x−o)·(y_c−o): the inner loops of the
/// pair sweep, compiled for AVX2 and AVX-512 and chosen at run time. All arrays hold n numbers.
struct TileColumns {
  std::int64_t n = 0;
  const double* squared_norms = nullptr;    ///< ‖y_c − o‖²
  const double* origin_products = nullptr;  ///< (y_c − o)·o
};

/// ‖x − y_c‖² = ‖x−o‖² + ‖y_c−o‖² − 2 g[c].
void distances_of_products(const double* g, double squared_norm, const TileColumns& columns,
                           double* out);

/// Whether any d[c] lies below the row's limit or the column's.
bool any_below(const double* d, double row_limit, const double* column_limits, std::int64_t n);

/// Σ_c (x·y_c/D + 1)³, the kernel of the kernel distance; each term is added to column_sums[c] as
/// well. row_offset: (x−o)·o + o·o.
double add_cubic_kernel(const double* g, double row_offset, const TileColumns& columns,
                        double inverse_dimensions, double* column_sums);

/// Balls round the columns' points and a ball round the row's.
struct BallRow {
  double squared_norm = 0.0;    ///< ‖x − o‖²
  double squared_radius = 0.0;  ///< of the ball round x
  double error_factor = 0.0;
  double error_floor = 0.0;
  const double* column_radii = nullptr;  ///< squared, of the balls round y_c
};

struct BallCounts {
  double inside = 0.0;  ///< columns' balls that are certain to hold the row
  double open = 0.0;    ///< pairs of which the error leaves either question open
};

/// Adds to column_hits[c] 1 where y_c is certain to lie in the row's ball, and to column_covered[c]
/// 1 where the row is certain to lie in y_c's ball.
BallCounts count_inside(const double* d, const BallRow& row, const TileColumns& columns,
                        double* column_hits, double* column_covered);

}  // namespace assay
