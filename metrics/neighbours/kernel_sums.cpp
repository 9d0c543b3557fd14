// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/kernel_sums.h"

#include <ATen/ATen.h>

#include "metrics/neighbours/pair_rows.h"

namespace assay {
namespace {

void add_from(std::int64_t begin, const std::vector<double>& more, std::vector<double>& sums) {
  for (std::size_t i = 0; i < more.size(); ++i)
    sums[static_cast<std::size_t>(begin) + i] += more[i];
}

std::vector<double> numbers_of(const at::Tensor& tensor) {
  const double* begin = tensor.const_data_ptr<double>();
  return {begin, begin + tensor.numel()};
}

}  // namespace

void TileSums::add_rows_to(const Tile& tile, std::vector<double>& all_rows) const {
  add_from(tile.row_begin, rows, all_rows);
}

void TileSums::add_to(const Tile& tile, std::vector<double>& all_rows,
                      std::vector<double>& all_columns) const {
  add_rows_to(tile, all_rows);
  add_from(tile.column_begin, columns, all_columns);
}

TileSums cubic_sums(const Cloud& rows, const Cloud& columns, const Tile& tile,
                    const at::Tensor& products, TilePairs pairs) {
  const double* g = products.const_data_ptr<double>();
  const auto of_columns = tile_columns(columns, tile);
  const double inverse = 1.0 / static_cast<double>(rows.dimensions());
  TileSums sums;
  sums.columns.assign(static_cast<std::size_t>(of_columns.n), 0.0);
  for (std::int64_t r = tile.row_begin; r < tile.row_end; ++r, g += of_columns.n) {
    const double offset = rows.origin_products()[r] + rows.origin_norm();
    double sum = add_cubic_kernel(g, offset, of_columns, inverse, sums.columns.data());
    if (pairs == TilePairs::kOthers) {
      const auto c = r - tile.row_begin;
      const double t = (g[c] + offset + of_columns.origin_products[c]) * inverse + 1.0;
      sum -= t * t * t;
    }
    sums.rows.push_back(sum);
  }
  return sums;
}

TileSums gaussian_sums(const Cloud& rows, const Cloud& columns, const Tile& tile, double sigma,
                       TilePairs pairs) {
  auto products = tile_products(rows, columns, tile, at::kDouble);
  const auto of_columns = tile_columns(columns, tile);
  double* g = products.mutable_data_ptr<double>();
  for (std::int64_t r = 0; r < tile.rows(); ++r) {
    double* row = g + r * of_columns.n;
    distances_of_products(row, rows.squared_norms()[tile.row_begin + r], of_columns, row);
  }
  products.clamp_min_(0.0).mul_(-0.5 / (sigma * sigma)).exp_();
  if (pairs == TilePairs::kOthers) products.fill_diagonal_(0.0);
  return {numbers_of(products.sum(1)), numbers_of(products.sum(0))};
}

}  // namespace assay
