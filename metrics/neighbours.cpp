// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace assay {
namespace {

constexpr std::int64_t kRowBlock = 256;
constexpr std::int64_t kColumnBlock = 1024;
// Candidates kept beyond the k nearest, for near-ties at the k-th place.
constexpr std::size_t kSlack = 8;

// Rows prepared for matrix products: moved to a common origin, so that rounding is relative to the
// spread of the data and not to its distance from zero.
struct Cloud {
  at::Tensor rows;     // [N,D] as given
  at::Tensor shifted;  // [N,D]
  at::Tensor norms;    // [N] ‖shifted‖²

  Cloud(const at::Tensor& given, const at::Tensor& origin)
      : rows(given.contiguous()), shifted(rows - origin), norms(shifted.square().sum(1)) {}

  std::int64_t size() const { return rows.size(0); }
  const double* row(std::int64_t i) const {
    return rows.const_data_ptr<double>() + i * rows.size(1);
  }
  double norm(std::int64_t i) const { return norms.const_data_ptr<double>()[i]; }
};

void check_rows(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.scalar_type() == at::kDouble && rows.numel() > 0,
              "neighbours: needs [N,D] f64, not ", rows.sizes(), " ", rows.scalar_type());
}

double direct(const Cloud& a, std::int64_t i, const Cloud& b, std::int64_t j) {
  const double* x = a.row(i);
  const double* y = b.row(j);
  double sum = 0.0;
  for (std::int64_t c = 0; c < a.rows.size(1); ++c) sum += (x[c] - y[c]) * (x[c] - y[c]);
  return sum;
}

// |product form − exact| ≤ error_factor(D) · (‖a‖² + ‖b‖²): D+1 roundings in each of three sums,
// the shift's, and as much again to be safe.
double error_factor(std::int64_t dimensions) {
  return 2.0 * static_cast<double>(2 * dimensions + 16) * std::numeric_limits<double>::epsilon();
}

// Squared distances [rows begin…end) × [columns begin…end) by the product form.
at::Tensor distances(const Cloud& a, std::int64_t row_begin, std::int64_t row_end, const Cloud& b,
                     std::int64_t column_begin) {
  const auto column_end = std::min(column_begin + kColumnBlock, b.size());
  const auto left = a.shifted.slice(0, row_begin, row_end);
  const auto right = b.shifted.slice(0, column_begin, column_end);
  return at::addmm(b.norms.slice(0, column_begin, column_end).unsqueeze(0), left, right.t(), 1.0,
                   -2.0)
      .add_(a.norms.slice(0, row_begin, row_end).unsqueeze(1));
}

struct Candidate {
  double approximate;
  std::int64_t column;
};

// The smallest few of a row, sorted.
class Nearest {
 public:
  explicit Nearest(std::size_t capacity) : capacity_(capacity) {}

  void offer(double approximate, std::int64_t column) {
    if (kept_.size() == capacity_ && approximate >= kept_.back().approximate) return;
    if (kept_.size() == capacity_) kept_.pop_back();
    const auto place = std::upper_bound(
        kept_.begin(), kept_.end(), approximate,
        [](double value, const Candidate& candidate) { return value < candidate.approximate; });
    kept_.insert(place, {approximate, column});
  }

  const std::vector<Candidate>& kept() const { return kept_; }
  bool full() const { return kept_.size() == capacity_; }

 private:
  std::size_t capacity_;
  std::vector<Candidate> kept_;
};

double kth_smallest(std::vector<double>& values, std::int64_t k) {
  const auto place = values.begin() + (k - 1);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

double kth_exact(const Cloud& cloud, std::int64_t row, const Nearest& nearest, std::int64_t k) {
  const auto& kept = nearest.kept();
  const double largest_norm = cloud.norms.max().item<double>();
  const double error = error_factor(cloud.rows.size(1)) * (cloud.norm(row) + largest_norm);
  // Whoever is truly among the k nearest is at most this far by the product form.
  const double reach = kept[static_cast<std::size_t>(k - 1)].approximate + 2.0 * error;
  std::vector<double> exact;
  for (const auto& candidate : kept) {
    if (candidate.approximate <= reach)
      exact.push_back(direct(cloud, row, cloud, candidate.column));
  }
  const auto zeros = std::count(exact.begin(), exact.end(), 0.0);
  if (zeros >= k) return 0.0;  // k duplicates: no one can be nearer.
  const bool all_seen = !nearest.full() || kept.back().approximate > reach;
  if (all_seen) return kth_smallest(exact, k);
  exact.clear();
  for (std::int64_t j = 0; j < cloud.size(); ++j) {
    if (j != row) exact.push_back(direct(cloud, row, cloud, j));
  }
  return kth_smallest(exact, k);
}

void radii_of_rows(const Cloud& cloud, std::int64_t begin, std::int64_t end, std::int64_t k,
                   double* radii) {
  const auto capacity =
      std::min(static_cast<std::size_t>(k) + kSlack, static_cast<std::size_t>(cloud.size() - 1));
  std::vector<Nearest> nearest(static_cast<std::size_t>(end - begin), Nearest(capacity));
  for (std::int64_t column = 0; column < cloud.size(); column += kColumnBlock) {
    const auto block = distances(cloud, begin, end, cloud, column);
    const auto columns = block.size(1);
    const double* d = block.const_data_ptr<double>();
    for (std::int64_t i = begin; i < end; ++i, d += columns) {
      auto& mine = nearest[static_cast<std::size_t>(i - begin)];
      for (std::int64_t j = 0; j < columns; ++j) {
        if (column + j != i) mine.offer(d[j], column + j);
      }
    }
  }
  for (std::int64_t i = begin; i < end; ++i) {
    radii[i] = kth_exact(cloud, i, nearest[static_cast<std::size_t>(i - begin)], k);
  }
}

void membership_of_rows(const Cloud& queries, std::int64_t begin, std::int64_t end,
                        const Cloud& centres, const double* radii, bool* inside) {
  const double factor = error_factor(queries.rows.size(1));
  for (std::int64_t column = 0; column < centres.size(); column += kColumnBlock) {
    const auto block = distances(queries, begin, end, centres, column);
    const auto columns = block.size(1);
    const double* d = block.const_data_ptr<double>();
    for (std::int64_t i = begin; i < end; ++i, d += columns) {
      for (std::int64_t j = 0; j < columns && !inside[i]; ++j) {
        const double radius = radii[column + j];
        const double error = factor * (queries.norm(i) + centres.norm(column + j));
        if (d[j] - error > radius) continue;
        inside[i] = d[j] + error <= radius || direct(queries, i, centres, column + j) <= radius;
      }
    }
  }
}

}  // namespace

at::Tensor kth_neighbour_squared(const at::Tensor& rows, std::int64_t k) {
  check_rows(rows);
  TORCH_CHECK(k >= 1 && k < rows.size(0), "neighbours: k = ", k, " of ", rows.size(0), " rows");
  const Cloud cloud(rows, rows.mean(0));
  auto radii = at::empty({rows.size(0)}, at::kDouble);
  auto* out = radii.mutable_data_ptr<double>();
  const auto blocks = (rows.size(0) + kRowBlock - 1) / kRowBlock;
  at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      radii_of_rows(cloud, b * kRowBlock, std::min((b + 1) * kRowBlock, cloud.size()), k, out);
    }
  });
  return radii;
}

at::Tensor inside_any_ball(const at::Tensor& queries, const at::Tensor& centres,
                           const at::Tensor& radii_squared) {
  check_rows(queries);
  check_rows(centres);
  TORCH_CHECK(queries.size(1) == centres.size(1) && radii_squared.size(0) == centres.size(0),
              "neighbours: queries ", queries.sizes(), ", centres ", centres.sizes(), ", radii ",
              radii_squared.sizes());
  const auto origin = centres.mean(0);
  const Cloud asked(queries, origin);
  const Cloud balls(centres, origin);
  const auto radii = radii_squared.contiguous();
  auto inside = at::zeros({queries.size(0)}, at::kBool);
  auto* out = inside.mutable_data_ptr<bool>();
  const auto blocks = (queries.size(0) + kRowBlock - 1) / kRowBlock;
  at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      membership_of_rows(asked, b * kRowBlock, std::min((b + 1) * kRowBlock, asked.size()), balls,
                         radii.const_data_ptr<double>(), out);
    }
  });
  return inside;
}

}  // namespace assay
