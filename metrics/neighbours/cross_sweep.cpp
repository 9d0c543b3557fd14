// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/cross_sweep.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "metrics/neighbours/kernel_sums.h"
#include "metrics/neighbours/nearest.h"
#include "metrics/neighbours/tiles.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

// Candidates for the nearest reference point of a generated one.
constexpr std::int64_t kCandidates = 8;
// A tile of which the f32 bound leaves more than this share open is computed again in f64.
constexpr double kOpenShare = 0.01;

struct TileResult {
  std::vector<double> row_hits, column_hits, covered;
  TileSums cubic, gaussian;
  NearestLists nearest;
};

class CrossSweep {
 public:
  CrossSweep(const Cloud& generated, const Cloud& reference, const PairRequest& request,
             std::vector<double> reference_nearest, PairStatistics& out)
      : generated_(generated),
        reference_(reference),
        request_(request),
        out_(out),
        reference_nearest_(std::move(reference_nearest)),
        nearest_(request.k > 0 ? generated.size() : 0, kCandidates) {}

  void run() {
    const auto n = static_cast<std::size_t>(generated_.size());
    const auto m = static_cast<std::size_t>(reference_.size());
    if (request_.k > 0) {
      out_.balls_hit.assign(n, 0);
      out_.reference_hit.assign(m, 0);
      out_.covered.assign(m, 0);
    }
    for (KernelSums* sums : {&out_.cubic, &out_.gaussian}) {
      if (sums->xx.empty()) continue;
      sums->xy.assign(n, 0.0);
      sums->yx.assign(m, 0.0);
    }
    sweep_tiles<TileResult>(
        tiles_of(generated_.size(), reference_.size(), /*symmetric=*/false),
        [&](const Tile& tile) { return compute(tile); },
        [&](const Tile& tile, const TileResult& result) { merge(tile, result); });
    if (request_.k > 0) find_authentic();
  }

 private:
  TileResult compute(const Tile& tile) const {
    const bool balls = request_.k > 0;
    TileResult result{{}, {}, {}, {}, {}, NearestLists(balls ? tile.rows() : 0, kCandidates)};
    const auto products = tile_products(generated_, reference_, tile, generated_.arithmetic());
    if (request_.cubic_kernel)
      result.cubic = cubic_sums(generated_, reference_, tile, products, TilePairs::kAll);
    if (balls) {
      const double allowed = kOpenShare * static_cast<double>(products.numel());
      if (!count_balls(tile, products, generated_.arithmetic(), allowed, result)) {
        const auto finer = tile_products(generated_, reference_, tile, at::kDouble);
        count_balls(tile, finer, at::kDouble, allowed, result);
      }
    }
    if (request_.gaussian_sigma) {
      result.gaussian =
          gaussian_sums(generated_, reference_, tile, *request_.gaussian_sigma, TilePairs::kAll);
    }
    return result;
  }

  // False, and nothing counted, if more pairs than allowed are left open in f32.
  bool count_balls(const Tile& tile, const at::Tensor& products, at::ScalarType arithmetic,
                   double allowed, TileResult& result) const {
    const double* g = products.const_data_ptr<double>();
    const auto columns = tile_columns(reference_, tile);
    const auto n = static_cast<std::size_t>(columns.n);
    const double* column_radii = out_.reference_radii.data() + tile.column_begin;
    result.row_hits.assign(static_cast<std::size_t>(tile.rows()), 0);
    result.column_hits.assign(n, 0);
    result.covered.assign(n, 0);
    result.nearest = NearestLists(tile.rows(), kCandidates);
    std::vector<double> d(n);
    const std::vector<double> no_limits(n, -1.0);
    double open_in_all = 0.0;
    for (std::int64_t r = 0; r < tile.rows(); ++r, g += columns.n) {
      const auto row = tile.row_begin + r;
      const auto place = static_cast<std::size_t>(r);
      const BallRow ball{
          generated_.squared_norms()[row], out_.generated_radii[static_cast<std::size_t>(row)],
          generated_.error_factor(arithmetic), generated_.error_floor(arithmetic), column_radii};
      distances_of_products(g, ball.squared_norm, columns, d.data());
      const BallCounts counts =
          count_inside(d.data(), ball, columns, result.column_hits.data(), result.covered.data());
      result.row_hits[place] = counts.inside;
      open_in_all += counts.open;
      if (open_in_all > allowed && arithmetic == at::kFloat) return false;
      if (counts.open > 0.0) decide_open(tile, row, ball, columns, d, result);
      const double limit = nearest_.threshold(row);
      if (any_below(d.data(), limit, no_limits.data(), columns.n)) {
        for (std::size_t c = 0; c < n; ++c) {
          if (d[c] < limit) {
            result.nearest.offer(r, {d[c], tile.column_begin + static_cast<std::int64_t>(c)});
          }
        }
      }
    }
    return true;
  }

  bool inside(double squared, double squared_radius) const {
    return request_.closed_balls ? squared <= squared_radius : squared < squared_radius;
  }

  // Pairs that count_inside left open, by their exact distance.
  void decide_open(const Tile& tile, std::int64_t row, const BallRow& ball,
                   const TileColumns& columns, const std::vector<double>& d,
                   TileResult& result) const {
    for (std::int64_t c = 0; c < columns.n; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const double error =
          ball.error_factor * (ball.squared_norm + columns.squared_norms[c]) + ball.error_floor;
      const double low = d[i] - error, high = d[i] + error;
      const bool column_open = !(high < ball.column_radii[c]) && !(low > ball.column_radii[c]);
      const bool row_open = !(high < ball.squared_radius) && !(low > ball.squared_radius);
      if (!column_open && !row_open) continue;
      const double exact = squared_distance(generated_, row, reference_, tile.column_begin + c);
      if (column_open && inside(exact, ball.column_radii[c])) {
        result.row_hits[static_cast<std::size_t>(row - tile.row_begin)] += 1.0;
        result.covered[i] = 1.0;
      }
      if (row_open && inside(exact, ball.squared_radius)) result.column_hits[i] += 1.0;
    }
  }

  static void add_to(std::vector<std::int32_t>& counts, std::int64_t begin,
                     const std::vector<double>& more) {
    for (std::size_t i = 0; i < more.size(); ++i) {
      counts[static_cast<std::size_t>(begin) + i] += static_cast<std::int32_t>(more[i]);
    }
  }

  void merge(const Tile& tile, const TileResult& result) {
    result.cubic.add_to(tile, out_.cubic.xy, out_.cubic.yx);
    result.gaussian.add_to(tile, out_.gaussian.xy, out_.gaussian.yx);
    if (request_.k == 0) return;
    add_to(out_.balls_hit, tile.row_begin, result.row_hits);
    add_to(out_.reference_hit, tile.column_begin, result.column_hits);
    for (std::size_t c = 0; c < result.covered.size(); ++c) {
      if (result.covered[c] > 0.0)
        out_.covered[static_cast<std::size_t>(tile.column_begin) + c] = 1;
    }
    for (std::int64_t r = 0; r < tile.rows(); ++r) {
      nearest_.merge(tile.row_begin + r, result.nearest, r);
    }
  }

  void find_authentic() {
    out_.authentic.resize(static_cast<std::size_t>(generated_.size()));
    const double largest = *std::max_element(reference_.squared_norms(),
                                             reference_.squared_norms() + reference_.size());
    for_each_parallel(generated_.size(), [&](std::int64_t row) {
      const auto [distance, index] = nearest_reference(row, largest);
      out_.authentic[static_cast<std::size_t>(row)] =
          reference_nearest_[static_cast<std::size_t>(index)] < distance ? 1 : 0;
    });
  }

  // The first of the nearest, by exact distance.
  std::pair<double, std::int64_t> nearest_reference(std::int64_t row, double largest) const {
    const auto count = nearest_.count(row);
    const Candidate* kept = nearest_.begin(row);
    const double error = generated_.error_factor(generated_.arithmetic()) *
                             (generated_.squared_norms()[row] + largest) +
                         generated_.error_floor(generated_.arithmetic());
    const double reach = kept[0].approximate + 2.0 * error;
    std::pair<double, std::int64_t> best{std::numeric_limits<double>::infinity(), 0};
    const auto consider = [&](std::int64_t index) {
      best = std::min(best, {squared_distance(generated_, row, reference_, index), index});
    };
    std::size_t near = 0;
    while (near < count && kept[near].approximate <= reach) consider(kept[near++].index);
    const bool all_seen = near < count || static_cast<std::int64_t>(count) == reference_.size();
    for (std::int64_t j = 0; !all_seen && j < reference_.size(); ++j) consider(j);
    return best;
  }

  const Cloud& generated_;
  const Cloud& reference_;
  const PairRequest& request_;
  PairStatistics& out_;
  std::vector<double> reference_nearest_;  // squared, of each reference row to its nearest other
  NearestLists nearest_;
};

}  // namespace

void sweep_cross(const Cloud& generated, const Cloud& reference, const PairRequest& request,
                 std::vector<double> reference_nearest, PairStatistics& out) {
  CrossSweep(generated, reference, request, std::move(reference_nearest), out).run();
}

}  // namespace assay
