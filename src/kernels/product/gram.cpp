// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/gram.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace assay {
namespace {

constexpr std::int64_t kWidth = ColumnPanels::kWidth;
// Rows of C that one call of the micro-kernel holds in registers: 8 × 16 numbers in 16 of 32.
constexpr std::int64_t kMicroRows = 8;
// Rows of X that one pass goes over: a panel's part of 32 KiB stays in the first-level cache.
constexpr std::int64_t kDepth = 192;

using MicroTile = std::array<double, kMicroRows * kWidth>;

// tile[r][c] = Σ_k a[k·16 + r] · b[k·16 + c].
[[gnu::target("avx512f")]] void multiply(const double* a, const double* b, std::int64_t depth,
                                         MicroTile& tile) {
  __m512d left[kMicroRows], right[kMicroRows];
  for (auto& sum : left) sum = _mm512_setzero_pd();
  for (auto& sum : right) sum = _mm512_setzero_pd();
  for (std::int64_t k = 0; k < depth; ++k, a += kWidth, b += kWidth) {
    const __m512d b_left = _mm512_loadu_pd(b), b_right = _mm512_loadu_pd(b + 8);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < static_cast<std::size_t>(kMicroRows); ++r) {
      const __m512d value = _mm512_set1_pd(a[r]);
      left[r] = _mm512_fmadd_pd(value, b_left, left[r]);
      right[r] = _mm512_fmadd_pd(value, b_right, right[r]);
    }
  }
  double* out = tile.data();
  for (std::size_t r = 0; r < static_cast<std::size_t>(kMicroRows); ++r, out += kWidth) {
    _mm512_storeu_pd(out, left[r]);
    _mm512_storeu_pd(out + 8, right[r]);
  }
}

}  // namespace

ColumnPanels::ColumnPanels(std::int64_t most_rows, std::int64_t columns)
    : most_rows_(most_rows),
      columns_(columns),
      values_(static_cast<std::size_t>(most_rows * panels() * kWidth), 0.0) {}

template <class T>
void ColumnPanels::pack(std::int64_t panel, const T* rows, std::int64_t stride, const double* shift,
                        double* sums) {
  const std::int64_t first = panel * kWidth;
  const std::int64_t width = std::min(kWidth, columns_ - first);
  double* out = values_.data() + panel * most_rows_ * kWidth;
  std::array<double, static_cast<std::size_t>(kWidth)> totals{};
  for (std::int64_t k = 0; k < rows_; ++k, out += kWidth) {
    const T* row = rows + k * stride + first;
    for (std::int64_t c = 0; c < width; ++c) {
      out[c] = static_cast<double>(row[c]) - shift[first + c];
      totals[static_cast<std::size_t>(c)] += out[c];
    }
  }
  for (std::int64_t c = 0; c < width; ++c) sums[first + c] += totals[static_cast<std::size_t>(c)];
}

template void ColumnPanels::pack(std::int64_t, const float*, std::int64_t, const double*, double*);
template void ColumnPanels::pack(std::int64_t, const double*, std::int64_t, const double*, double*);

bool has_gram_kernel() { return __builtin_cpu_supports("avx512f") != 0; }

void add_gram_tile(const ColumnPanels& panels, const GramTile& tile, double* product,
                   std::int64_t stride) {
  const std::int64_t columns = panels.columns();
  MicroTile sums;
  for (std::int64_t begin = 0; begin < panels.rows(); begin += kDepth) {
    const std::int64_t depth = std::min(kDepth, panels.rows() - begin);
    for (std::int64_t j = tile.column_panel; j < tile.column_end; ++j) {
      const double* b = panels.panel(j) + begin * kWidth;
      const std::int64_t width = std::min(kWidth, columns - j * kWidth);
      const std::int64_t last = tile.upper ? std::min(tile.row_end, j + 1) : tile.row_end;
      for (std::int64_t i = tile.row_panel * kWidth; i < std::min(last * kWidth, columns);
           i += kMicroRows) {
        const double* a = panels.panel(i / kWidth) + begin * kWidth + i % kWidth;
        multiply(a, b, depth, sums);
        for (std::int64_t r = 0; r < std::min(kMicroRows, columns - i); ++r) {
          double* out = product + (i + r) * stride + j * kWidth;
          const double* in = sums.data() + r * kWidth;
          for (std::int64_t c = 0; c < width; ++c) out[c] += in[c];
        }
      }
    }
  }
}

}  // namespace assay
