// SPDX-License-Identifier: Apache-2.0
#include "metrics/linalg.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace assay {
namespace {

// at::parallel_for with at least two iterations: with one it would stay outside of a parallel
// region, where BLAS may use every thread.
void for_each_serially(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  at::parallel_for(0, std::max<std::int64_t>(count, 2), 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < std::min(end, count); ++i) work(i);
                   });
}

}  // namespace

void run_serial(const std::function<void()>& work) {
  for_each_serially(1, [&](std::int64_t) { work(); });
}

at::Tensor gram(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.scalar_type() == at::kDouble, "gram: needs [N,D] f64, not ",
              rows.sizes(), " ", rows.scalar_type());
  constexpr std::int64_t kTile = 256;
  const auto d = rows.size(1);
  std::vector<std::pair<std::int64_t, std::int64_t>> tiles;
  for (std::int64_t i = 0; i < d; i += kTile) {
    for (std::int64_t j = i; j < d; j += kTile) tiles.emplace_back(i, j);
  }
  auto product = at::empty({d, d}, rows.options());
  for_each_serially(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t t) {
    const auto [i, j] = tiles[static_cast<std::size_t>(t)];
    const auto left = rows.slice(1, i, std::min(i + kTile, d));
    const auto right = rows.slice(1, j, std::min(j + kTile, d));
    const auto tile = left.t().mm(right);
    product.slice(0, i, i + tile.size(0)).slice(1, j, j + tile.size(1)).copy_(tile);
    if (i != j) product.slice(0, j, j + tile.size(1)).slice(1, i, i + tile.size(0)).copy_(tile.t());
  });
  return product;
}

double singular_value_sum(const at::Tensor& matrix) {
  double norm = 0.0;
  run_serial([&] { norm = at::linalg_svdvals(matrix).sum().item<double>(); });
  return norm;
}

at::Tensor cholesky_or_nothing(const at::Tensor& symmetric) {
  constexpr double kSmallestPivot = 1e-4;
  at::Tensor factor;
  run_serial([&] {
    const auto [lower, info] = at::linalg_cholesky_ex(symmetric);
    const auto pivots = lower.diagonal();
    const bool accurate = info.item<int>() == 0 && pivots.min().item<double>() >=
                                                       kSmallestPivot * pivots.max().item<double>();
    if (accurate) factor = lower.t().contiguous();
  });
  return factor;
}

}  // namespace assay
