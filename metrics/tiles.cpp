// SPDX-License-Identifier: Apache-2.0
#include "metrics/tiles.h"

#include <ATen/ATen.h>

namespace assay {

std::vector<Tile> tiles_of(std::int64_t n, std::int64_t m, bool symmetric) {
  std::vector<Tile> tiles;
  for (std::int64_t row = 0; row < n; row += kTileRows) {
    for (std::int64_t column = symmetric ? row : 0; column < m; column += kTileRows) {
      tiles.push_back({row, std::min(row + kTileRows, n), column, std::min(column + kTileRows, m)});
    }
  }
  return tiles;
}

at::Tensor tile_products(const Cloud& a, const Cloud& b, const Tile& tile,
                         at::ScalarType arithmetic) {
  const auto left = a.block(tile.row_begin, tile.row_end, arithmetic);
  const auto right = b.block(tile.column_begin, tile.column_end, arithmetic);
  return left.mm(right.t()).to(at::kCPU, at::kDouble);
}

TileColumns tile_columns(const Cloud& b, const Tile& tile) {
  return {tile.columns(), b.squared_norms() + tile.column_begin,
          b.origin_products() + tile.column_begin};
}

}  // namespace assay
