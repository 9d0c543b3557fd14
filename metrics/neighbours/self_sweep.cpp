// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/self_sweep.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "metrics/neighbours/kernel_sums.h"
#include "metrics/neighbours/nearest.h"
#include "metrics/neighbours/tiles.h"

namespace assay {
namespace {

// Candidates kept beyond the k nearest, for near-ties at the k-th place.
constexpr std::int64_t kSlack = 8;

struct TileResult {
  TileSums cubic, gaussian;
  NearestLists row_nearest, column_nearest;
};

class SelfSweep {
 public:
  SelfSweep(const Cloud& cloud, const PairRequest& request)
      : cloud_(cloud),
        request_(request),
        capacity_(std::min(request.k + kSlack, cloud.size() - 1)),
        nearest_(request.k > 0 ? cloud.size() : 0, std::max<std::int64_t>(capacity_, 1)) {}

  SelfStatistics run() {
    const auto n = static_cast<std::size_t>(cloud_.size());
    if (request_.cubic_kernel) sums_.cubic.assign(n, 0.0);
    if (request_.gaussian_sigma) sums_.gaussian.assign(n, 0.0);
    sweep_tiles<TileResult>(
        tiles_of(cloud_.size(), cloud_.size(), /*symmetric=*/true),
        [&](const Tile& tile) { return compute(tile); },
        [&](const Tile& tile, const TileResult& result) { merge(tile, result); });
    if (request_.k > 0) resolve();
    return std::move(sums_);
  }

 private:
  static bool diagonal(const Tile& tile) { return tile.row_begin == tile.column_begin; }

  TileResult compute(const Tile& tile) const {
    const bool neighbours = request_.k > 0;
    const auto capacity = std::max<std::int64_t>(capacity_, 1);
    TileResult result{{},
                      {},
                      NearestLists(neighbours ? tile.rows() : 0, capacity),
                      NearestLists(neighbours ? tile.columns() : 0, capacity)};
    auto products = tile_products(cloud_, cloud_, tile, cloud_.arithmetic());
    const auto pairs = diagonal(tile) ? TilePairs::kOthers : TilePairs::kAll;
    if (request_.cubic_kernel) result.cubic = cubic_sums(cloud_, cloud_, tile, products, pairs);
    if (neighbours) find_nearest(tile, products, result);
    if (request_.gaussian_sigma) {
      result.gaussian = gaussian_sums(cloud_, cloud_, tile, *request_.gaussian_sigma, pairs);
    }
    return result;
  }

  void find_nearest(const Tile& tile, const at::Tensor& products, TileResult& result) const {
    const double* g = products.const_data_ptr<double>();
    const auto columns = tile_columns(cloud_, tile);
    std::vector<double> d(static_cast<std::size_t>(columns.n));
    // On the diagonal the rows' side alone sees each pair twice.
    const bool both = !diagonal(tile);
    std::vector<double> limits(static_cast<std::size_t>(columns.n), -1.0);
    for (std::int64_t c = 0; both && c < columns.n; ++c) {
      limits[static_cast<std::size_t>(c)] = nearest_.threshold(tile.column_begin + c);
    }
    for (std::int64_t r = 0; r < tile.rows(); ++r, g += columns.n) {
      const auto row = tile.row_begin + r;
      distances_of_products(g, cloud_.squared_norms()[row], columns, d.data());
      double limit = std::min(nearest_.threshold(row), result.row_nearest.threshold(r));
      if (!any_below(d.data(), limit, limits.data(), columns.n)) continue;
      for (std::int64_t c = 0; c < columns.n; ++c) {
        const auto column = tile.column_begin + c;
        const auto i = static_cast<std::size_t>(c);
        if (d[i] < limit && column != row) {
          result.row_nearest.offer(r, {d[i], column});
          limit = std::min(limit, result.row_nearest.threshold(r));
        }
        if (both && d[i] < limits[i]) {
          result.column_nearest.offer(c, {d[i], row});
          limits[i] = std::min(limits[i], result.column_nearest.threshold(c));
        }
      }
    }
  }

  void merge(const Tile& tile, const TileResult& result) {
    const bool both = !diagonal(tile);
    if (both) {
      result.cubic.add_to(tile, sums_.cubic, sums_.cubic);
      result.gaussian.add_to(tile, sums_.gaussian, sums_.gaussian);
    } else {
      result.cubic.add_rows_to(tile, sums_.cubic);
      result.gaussian.add_rows_to(tile, sums_.gaussian);
    }
    if (request_.k == 0) return;
    for (std::int64_t r = 0; r < tile.rows(); ++r) {
      nearest_.merge(tile.row_begin + r, result.row_nearest, r);
    }
    for (std::int64_t c = 0; both && c < tile.columns(); ++c) {
      nearest_.merge(tile.column_begin + c, result.column_nearest, c);
    }
  }

  // The k-th smallest and the smallest exact distance of every row.
  void resolve() {
    sums_.radii.resize(static_cast<std::size_t>(cloud_.size()));
    sums_.nearest.resize(sums_.radii.size());
    largest_norm_ =
        *std::max_element(cloud_.squared_norms(), cloud_.squared_norms() + cloud_.size());
    std::vector<std::uint8_t> open(sums_.radii.size(), 0);
    for_each_parallel(cloud_.size(), [&](std::int64_t row) {
      open[static_cast<std::size_t>(row)] = !settle(row, nearest_, row, cloud_.arithmetic());
    });
    std::vector<std::int64_t> left;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i] != 0) left.push_back(static_cast<std::int64_t>(i));
    }
    for (std::size_t i = 0; i < left.size(); i += static_cast<std::size_t>(kTileRows)) {
      const auto end = std::min(left.size(), i + static_cast<std::size_t>(kTileRows));
      search_again({left.begin() + static_cast<std::ptrdiff_t>(i),
                    left.begin() + static_cast<std::ptrdiff_t>(end)});
    }
  }

  // From a row's candidates, if their errors allow.
  bool settle(std::int64_t row, const NearestLists& lists, std::int64_t place,
              at::ScalarType arithmetic) {
    const auto count = lists.count(place);
    const Candidate* kept = lists.begin(place);
    const auto k = static_cast<std::size_t>(request_.k);
    const double error =
        cloud_.error_factor(arithmetic) * (cloud_.squared_norms()[row] + largest_norm_) +
        cloud_.error_floor(arithmetic);
    // Whoever is truly among the k nearest is at most this far by the product form.
    const double reach = kept[k - 1].approximate + 2.0 * error;
    std::vector<double> exact;
    for (std::size_t i = 0; i < count && kept[i].approximate <= reach; ++i) {
      exact.push_back(squared_distance(cloud_, row, cloud_, kept[i].index));
    }
    const bool all_others = static_cast<std::int64_t>(count) == cloud_.size() - 1;
    const bool all_seen = all_others || exact.size() < count;
    const auto duplicates = std::count(exact.begin(), exact.end(), 0.0);
    if (!all_seen && duplicates < request_.k) return false;
    keep(row, exact);
    return true;
  }

  void keep(std::int64_t row, std::vector<double>& exact) {
    std::sort(exact.begin(), exact.end());
    sums_.radii[static_cast<std::size_t>(row)] = exact[static_cast<std::size_t>(request_.k) - 1];
    sums_.nearest[static_cast<std::size_t>(row)] = exact[0];
  }

  // Rows whose neighbours lie too close together for f32: f64 products, and for what even those
  // leave open the distances to all.
  void search_again(const std::vector<std::int64_t>& rows) {
    const auto index = at::tensor(rows);
    NearestLists lists(static_cast<std::int64_t>(rows.size()), capacity_);
    const Cloud few(cloud_.given().index_select(0, index), cloud_.origin(),
                    {at::kDouble, cloud_.device()});
    sweep_tiles<NearestLists>(
        tiles_of(few.size(), cloud_.size(), /*symmetric=*/false),
        [&](const Tile& tile) { return nearest_in(tile, few, rows); },
        [&](const Tile& tile, const NearestLists& found) {
          for (std::int64_t r = 0; r < tile.rows(); ++r) lists.merge(tile.row_begin + r, found, r);
        });
    for_each_parallel(few.size(), [&](std::int64_t r) {
      const auto row = rows[static_cast<std::size_t>(r)];
      if (settle(row, lists, r, at::kDouble)) return;
      std::vector<double> exact;
      for (std::int64_t j = 0; j < cloud_.size(); ++j) {
        if (j != row) exact.push_back(squared_distance(cloud_, row, cloud_, j));
      }
      keep(row, exact);
    });
  }

  // The nearest among a tile's columns; rows: which of the cloud's each of the few is.
  NearestLists nearest_in(const Tile& tile, const Cloud& few,
                          const std::vector<std::int64_t>& rows) const {
    NearestLists found(tile.rows(), capacity_);
    const auto products = tile_products(few, cloud_, tile, at::kDouble);
    const auto columns = tile_columns(cloud_, tile);
    const double* g = products.const_data_ptr<double>();
    std::vector<double> d(static_cast<std::size_t>(columns.n));
    for (std::int64_t r = 0; r < tile.rows(); ++r, g += columns.n) {
      distances_of_products(g, few.squared_norms()[tile.row_begin + r], columns, d.data());
      const auto row = rows[static_cast<std::size_t>(tile.row_begin + r)];
      double limit = found.threshold(r);
      for (std::int64_t c = 0; c < columns.n; ++c) {
        const auto column = tile.column_begin + c;
        const double distance = d[static_cast<std::size_t>(c)];
        if (!(distance < limit) || column == row) continue;
        found.offer(r, {distance, column});
        limit = found.threshold(r);
      }
    }
    return found;
  }

  const Cloud& cloud_;
  const PairRequest& request_;
  std::int64_t capacity_;
  NearestLists nearest_;
  SelfStatistics sums_;
  double largest_norm_ = 0.0;
};

}  // namespace

SelfStatistics sweep_self(const Cloud& cloud, const PairRequest& request) {
  return SelfSweep(cloud, request).run();
}

}  // namespace assay
