// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/neighbours/cloud.h"
#include "metrics/neighbours/tiles.h"

namespace assay {

/// A kernel's sums over a tile of pairs, by row and by column.
struct TileSums {
  std::vector<double> rows, columns;

  /// Adds both to sums over the whole clouds.
  void add_to(const Tile& tile, std::vector<double>& all_rows,
              std::vector<double>& all_columns) const;
  void add_rows_to(const Tile& tile, std::vector<double>& all_rows) const;
};

/// Which pairs of a tile count: all, or of a tile on the diagonal of one cloud all but a row's with
/// itself (whose column sums nobody needs).
enum class TilePairs { kAll, kOthers };

/// (x·y/D + 1)³ of the kernel distance; products: the tile's (tile_products).
TileSums cubic_sums(const Cloud& rows, const Cloud& columns, const Tile& tile,
                    const at::Tensor& products, TilePairs pairs);

/// exp(−‖x − y‖²/(2σ²)), in f64 whatever the others take: a kernel can be narrower than the
/// rounding of f32 products. Calls tile_products, so those of before are gone.
TileSums gaussian_sums(const Cloud& rows, const Cloud& columns, const Tile& tile, double sigma,
                       TilePairs pairs);

}  // namespace assay
