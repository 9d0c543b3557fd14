// SPDX-License-Identifier: Apache-2.0
#include "metrics/tiles.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <atomic>

namespace assay {

std::vector<Tile> tiles_of(std::int64_t n, std::int64_t m, bool symmetric) {
  std::vector<Tile> tiles;
  for (std::int64_t row = 0; row < n; row += kTileRows) {
    for (std::int64_t column = symmetric ? row : 0; column < m; column += kTileRows) {
      tiles.push_back(
          {row, std::min(row + kTileRows, n), column, std::min(column + kTileRows, m)});
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

void for_each_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  std::atomic<std::int64_t> next = 0;
  const auto take = [&] {
    for (std::int64_t i = next++; i < count; i = next++) work(i);
  };
  const auto threads = std::min<std::int64_t>(at::get_num_threads(), count);
  at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) take();
  });
}

}  // namespace assay
