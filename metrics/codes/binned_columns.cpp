// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/binned_columns.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <compare>
#include <numeric>

namespace assay {
namespace {

constexpr std::size_t kMaxBins = 256;

struct Cell {
  double sum = 0.0;
  double count = 0.0;
};

using Histogram = std::array<Cell, kMaxBins>;

// Bins of sorted values: whole runs of equal values, closed once they reach the next N/256-th.
std::vector<BinnedColumns::Ends> bins_of(const std::vector<double>& sorted) {
  std::vector<double> distinct = sorted;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<BinnedColumns::Ends> ends;
  if (distinct.size() <= kMaxBins) {
    for (const double value : distinct) ends.push_back({value, value});
    return ends;
  }
  for (std::size_t first = 0; first < sorted.size();) {
    const std::size_t target = sorted.size() * (ends.size() + 1) / kMaxBins;
    std::size_t end = std::max(target, first + 1);
    while (end < sorted.size() && sorted[end] == sorted[end - 1]) ++end;
    ends.push_back({sorted[first], sorted[end - 1]});
    first = end;
  }
  return ends;
}

// The best cut of one column from its histogram, if better than `best`.
void improve(const BinnedColumns& columns, std::size_t column, const Histogram& histogram,
             const Cell& all, Cut& best) {
  Cell left;
  std::size_t last = 0;  // the last bin on the left that holds rows
  const double whole = all.sum * all.sum / all.count;
  for (std::size_t bin = 0; bin < columns.bins(column); ++bin) {
    if (histogram[bin].count == 0.0) continue;
    if (left.count > 0.0) {
      const double rest = all.sum - left.sum;
      const double gain =
          left.sum * left.sum / left.count + rest * rest / (all.count - left.count) - whole;
      if (!best.found || gain > best.gain) {
        best = {true, column, static_cast<std::uint8_t>(last),
                (columns.ends(column, last).high + columns.ends(column, bin).low) / 2.0, gain};
      }
    }
    left.sum += histogram[bin].sum;
    left.count += histogram[bin].count;
    last = bin;
  }
}

}  // namespace

BinnedColumns::BinnedColumns(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kDouble,
              "BinnedColumns: needs [N,D] f64, not ", x.sizes(), " ", x.scalar_type());
  const auto columns = x.t().contiguous();
  rows_ = static_cast<std::size_t>(x.size(0));
  for (std::int64_t column = 0; column < x.size(1); ++column) {
    const auto* values = columns.const_data_ptr<double>() + column * x.size(0);
    std::vector<double> sorted(values, values + rows_);
    std::sort(sorted.begin(), sorted.end());
    ends_.push_back(bins_of(sorted));
    const auto& ends = ends_.back();
    for (std::size_t row = 0; row < rows_; ++row) {
      const auto found =
          std::lower_bound(ends.begin(), ends.end(), values[row],
                           [](const Ends& bin, double value) { return bin.high < value; });
      bins_.push_back(static_cast<std::uint8_t>(found - ends.begin()));
    }
  }
}

at::Tensor order_by_values(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kDouble,
              "order_by_values: needs [N,D] f64, not ", x.sizes(), " ", x.scalar_type());
  const auto columns = x.t().contiguous();
  const auto rows = static_cast<std::size_t>(x.size(0));
  const auto column = [&](std::int64_t place) {
    return std::span(columns.const_data_ptr<double>() + place * x.size(0), rows);
  };
  std::vector<std::int64_t> order(static_cast<std::size_t>(x.size(1)));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const auto left = column(a), right = column(b);
    // A total order, whatever the values are.
    return std::lexicographical_compare(
        left.begin(), left.end(), right.begin(), right.end(),
        [](double one, double other) { return std::strong_order(one, other) < 0; });
  });
  return at::tensor(order, at::kLong);
}

Cut best_cut(const BinnedColumns& columns, std::span<const double> targets,
             std::span<const std::size_t> rows) {
  Cell all;
  for (const auto row : rows) {
    all.sum += targets[row];
    all.count += 1.0;
  }
  Cut best;
  for (std::size_t column = 0; column < columns.columns(); ++column) {
    Histogram histogram{};
    for (const auto row : rows) {
      Cell& cell = histogram[columns.bin(row, column)];
      cell.sum += targets[row];
      cell.count += 1.0;
    }
    improve(columns, column, histogram, all, best);
  }
  return best;
}

}  // namespace assay
