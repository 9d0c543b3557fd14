// SPDX-License-Identifier: Apache-2.0
#include "metrics/linalg.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace assay {
namespace {

// LibTorch turns off MKL's own detection of parallel regions, so only the global setting keeps it
// to one thread.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) {
    if (before_ != 1) at::set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) at::set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace

void run_serial(const std::function<void()>& work) {
  const OneThread guard;
  work();
}

at::Tensor gram(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.scalar_type() == at::kDouble, "gram: needs [N,D] f64, not ",
              rows.sizes(), " ", rows.scalar_type());
  constexpr std::int64_t kTile = 256;
  const auto d = rows.size(1);
  auto product = at::empty({d, d}, rows.options());
  run_serial([&] {
    // Tiles on and above the diagonal: half of the work.
    for (std::int64_t i = 0; i < d; i += kTile) {
      for (std::int64_t j = i; j < d; j += kTile) {
        const auto left = rows.slice(1, i, std::min(i + kTile, d));
        const auto right = rows.slice(1, j, std::min(j + kTile, d));
        const auto tile = left.t().mm(right);
        product.slice(0, i, i + tile.size(0)).slice(1, j, j + tile.size(1)).copy_(tile);
        if (i == j) continue;
        product.slice(0, j, j + tile.size(1)).slice(1, i, i + tile.size(0)).copy_(tile.t());
      }
    }
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
