// SPDX-License-Identifier: Apache-2.0
#include "metrics/numerics/linalg.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/product/matrix_product_tensors.h"

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

void for_each_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  const auto threads = std::min<std::int64_t>(at::get_num_threads(), count);
  // Threads of our own, since MKL divides a product differently inside an OpenMP region.
  const OneThread guard;
  std::atomic<std::int64_t> next = 0;
  std::mutex failing;
  std::exception_ptr failure;
  const auto take = [&] {
    const c10::InferenceMode no_gradients;
    try {
      for (std::int64_t i = next++; i < count; i = next++) work(i);
    } catch (...) {  // carried to the caller's thread
      const std::scoped_lock lock(failing);
      failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::int64_t i = 1; i < threads; ++i) {
      others.emplace_back([&] {
        // Or else MKL takes OpenMP's default count on a new thread, and divides its products.
        at::init_num_threads();
        take();
      });
    }
    take();
  }
  if (failure) std::rethrow_exception(failure);
}

void add_upper_gram(at::Tensor& sum, const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.is_floating_point() && sum.scalar_type() == at::kDouble &&
                  sum.sizes() == (at::IntArrayRef{rows.size(1), rows.size(1)}),
              "add_upper_gram: ", rows.sizes(), " ", rows.scalar_type(), " onto ", sum.sizes());
  constexpr std::int64_t kTile = 256;
  const auto d = rows.size(1);
  std::vector<std::pair<std::int64_t, std::int64_t>> tiles;
  for (std::int64_t i = 0; i < d; i += kTile) {
    for (std::int64_t j = i; j < d; j += kTile) tiles.emplace_back(i, j);
  }
  for_each_parallel(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t t) {
    const auto [i, j] = tiles[static_cast<std::size_t>(t)];
    const auto left = rows.slice(1, i, std::min(i + kTile, d));
    const auto right = rows.slice(1, j, std::min(j + kTile, d));
    auto tile = sum.slice(0, i, i + left.size(1)).slice(1, j, j + right.size(1));
    if (rows.scalar_type() == at::kDouble) {
      tile.addmm_(left.t(), right);
    } else {
      auto product = at::empty(tile.sizes(), rows.options());
      multiply_matrices(left.t(), right, product);
      tile.add_(product);
    }
  });
}

at::Tensor gram(const at::Tensor& rows) {
  auto sum = at::zeros({rows.size(1), rows.size(1)}, at::kDouble);
  add_upper_gram(sum, rows);
  mirror_upper(sum);
  return sum;
}

void mirror_upper(at::Tensor& square) {
  run_serial([&] { square.copy_(square.triu() + square.triu(1).t()); });
}

at::Tensor product(const at::Tensor& a, const at::Tensor& b, bool upper) {
  constexpr std::int64_t kStrip = 128;
  auto result = at::empty({a.size(0), b.size(1)}, a.options());
  for_each_parallel((a.size(0) + kStrip - 1) / kStrip, [&](std::int64_t strip) {
    const auto begin = strip * kStrip;
    const auto end = std::min(begin + kStrip, a.size(0));
    // Rows of an upper triangular matrix begin with zeros.
    const auto first = upper ? begin : 0;
    auto rows = result.slice(0, begin, end);
    at::mm_out(rows, a.slice(0, begin, end).slice(1, first), b.slice(0, first));
  });
  return result;
}

at::Tensor symmetric_eigenvalues(const at::Tensor& symmetric) {
  at::Tensor values;
  run_serial([&] { values = at::linalg_eigvalsh(symmetric, "L"); });
  return values;
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
