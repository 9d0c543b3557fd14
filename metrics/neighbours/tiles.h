// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/neighbours/cloud.h"
#include "metrics/neighbours/pair_rows.h"
#include "metrics/numerics/linalg.h"

namespace assay {

constexpr std::int64_t kTileRows = 512;

/// Rows [row_begin, row_end) of one cloud against columns [column_begin, column_end) of another.
struct Tile {
  std::int64_t row_begin = 0, row_end = 0;
  std::int64_t column_begin = 0, column_end = 0;
  std::int64_t rows() const { return row_end - row_begin; }
  std::int64_t columns() const { return column_end - column_begin; }
};

/// All tiles of an [n,m] matrix, row by row; with `symmetric` those on and above the diagonal.
std::vector<Tile> tiles_of(std::int64_t n, std::int64_t m, bool symmetric);

/// (x−o)·(y−o) of a tile in f64, from products in the arithmetic: [rows,columns], in memory that
/// this thread's next call takes again.
at::Tensor tile_products(const Cloud& a, const Cloud& b, const Tile& tile,
                         at::ScalarType arithmetic);

TileColumns tile_columns(const Cloud& b, const Tile& tile);

/// Computes a result for each tile in parallel, a few at a time, and hands them on in order: what
/// is summed or merged there does not depend on the number of threads.
template <class Result, class Compute, class Merge>
void sweep_tiles(const std::vector<Tile>& tiles, const Compute& compute, const Merge& merge) {
  constexpr std::int64_t kBatch = 96;
  const auto count = static_cast<std::int64_t>(tiles.size());
  for (std::int64_t begin = 0; begin < count; begin += kBatch) {
    const auto batch = std::min(kBatch, count - begin);
    std::vector<std::optional<Result>> results(static_cast<std::size_t>(batch));
    for_each_parallel(batch, [&](std::int64_t i) {
      results[static_cast<std::size_t>(i)] = compute(tiles[static_cast<std::size_t>(begin + i)]);
    });
    for (std::int64_t i = 0; i < batch; ++i) {
      merge(tiles[static_cast<std::size_t>(begin + i)], *results[static_cast<std::size_t>(i)]);
    }
  }
}

}  // namespace assay
