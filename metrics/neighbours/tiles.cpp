// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/tiles.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "kernels/product/matrix_product_tensors.h"

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
  if (left.device().type() != at::kCPU) return left.mm(right.t()).to(at::kCPU, at::kDouble);
  const c10::InferenceMode no_gradients;
  // Fresh memory for each tile costs a page fault every 4 KiB.
  thread_local at::Tensor products = at::empty({kTileRows * kTileRows}, at::kDouble);
  auto result =
      products.slice(0, 0, tile.rows() * tile.columns()).view({tile.rows(), tile.columns()});
  if (arithmetic == at::kDouble) return at::mm_out(result, left, right.t());
  thread_local at::Tensor single = at::empty({kTileRows * kTileRows}, at::kFloat);
  auto rounded =
      single.slice(0, 0, tile.rows() * tile.columns()).view({tile.rows(), tile.columns()});
  multiply_matrices(left, right.t(), rounded);
  return result.copy_(rounded);
}

TileColumns tile_columns(const Cloud& b, const Tile& tile) {
  return {tile.columns(), b.squared_norms() + tile.column_begin,
          b.origin_products() + tile.column_begin};
}

}  // namespace assay
