// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of matrix_product.h for vectors of kLanes floats. Included only by files compiled for
// one vector unit each: everything is internal to them.

#include <utility>

#include "kernels/pointwise/float_vectors.h"
#include "kernels/product/matrix_product.h"

namespace assay {
namespace {

// Rows and columns of a block that changes places with its transpose.
constexpr int kBlock = 8;

template <int kHalf, int... kLane>
inline void exchange(Vector<kBlock>& upper, Vector<kBlock>& lower,
                     std::integer_sequence<int, kLane...> /*lanes*/) {
  const auto left = __builtin_shufflevector(
      upper, lower, ((kLane & kHalf) == 0 ? kLane : kBlock + kLane - kHalf)...);
  lower = __builtin_shufflevector(upper, lower,
                                  ((kLane & kHalf) == 0 ? kLane + kHalf : kBlock + kLane)...);
  upper = left;
}

// In each round, squares of half the side change places.
template <int kHalf>
inline void transpose(Vector<kBlock>* rows) {
  if constexpr (kHalf > 0) {
#pragma GCC unroll 8
    for (int r = 0; r < kBlock; ++r) {
      if ((r & kHalf) == 0) {
        exchange<kHalf>(rows[r], rows[r + kHalf], std::make_integer_sequence<int, kBlock>());
      }
    }
    transpose<kHalf / 2>(rows);
  }
}

struct Block {
  Vector<kBlock> rows[kBlock];
};

// Of kBlock columns that lie one after another, the rows.
inline Block transposed(const float* columns, std::int64_t stride) {
  Block block;
  for (int j = 0; j < kBlock; ++j) block.rows[j] = load<Vector<kBlock>>(columns + j * stride);
  transpose<kBlock / 2>(block.rows);
  return block;
}

template <int... kLane>
inline Vector<2 * kBlock> joined(Vector<kBlock> left, Vector<kBlock> right,
                                 std::integer_sequence<int, kLane...> /*lanes*/) {
  return __builtin_shufflevector(left, right, kLane...);
}

template <int kLanes>
inline float sum_of(Vector<kLanes> lanes) {
  if constexpr (kLanes == 1) {
    return lanes[0];
  } else {
    Vector<kLanes / 2> low, high;
    __builtin_memcpy(&low, &lanes, sizeof low);
    __builtin_memcpy(&high, reinterpret_cast<const char*>(&lanes) + sizeof low, sizeof high);
    return sum_of<kLanes / 2>(low + high);
  }
}

template <int kLanes>
struct MatrixProductLoops {
  using V = Vector<kLanes>;
  using Matrix = MatrixProduct::Matrix;
  static constexpr int kRows = kLanes == 16 ? 12 : 6;  // as many sums as registers hold
  static constexpr std::int64_t kDepth = 512;          // of a panel: it stays in the cache
  static constexpr std::int64_t kLongestDot = 1024;

  // `depth` rows of kVectors vectors of B, in memory or copied, and what the sums begin with: of
  // each column, or null where they go on.
  struct Panel {
    const float* data;
    std::int64_t row_stride, depth;
    const float* start;
  };

  // sums = start + A · panel or sums += A · panel, for kCount rows of A.
  template <int kVectors, int kCount>
  static inline void multiply_rows(const Matrix& a, const Panel& panel, float* sums_at,
                                   std::int64_t stride) {
    V sums[kCount][kVectors];
    for (int r = 0; r < kCount; ++r) {
      const float* from = panel.start != nullptr ? panel.start : sums_at + r * stride;
      for (int v = 0; v < kVectors; ++v) sums[r][v] = load<V>(from + v * kLanes);
    }
    // Of every third row of A, for an instruction can add one or two strides to an address.
    constexpr int kThirds = (kCount + 2) / 3;
    const float* column[kThirds];
    for (int t = 0; t < kThirds; ++t) column[t] = a.data + 3 * t * a.row_stride;
    const float* row = panel.data;
    for (std::int64_t k = 0; k < panel.depth; ++k) {
      V values[kVectors];
      for (int v = 0; v < kVectors; ++v) values[v] = load<V>(row + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kCount; ++r) {
        const float factor = column[r / 3][r % 3 * a.row_stride];
        for (int v = 0; v < kVectors; ++v) sums[r][v] += factor * values[v];
      }
      for (int t = 0; t < kThirds; ++t) column[t] += a.column_stride;
      row += panel.row_stride;
    }
    for (int r = 0; r < kCount; ++r) {
      for (int v = 0; v < kVectors; ++v) store(sums_at + r * stride + v * kLanes, sums[r][v]);
    }
  }

  template <int kVectors, int kCount>
  static inline void multiply_some(std::int64_t count, const Matrix& a, const Panel& panel,
                                   float* sums, std::int64_t stride) {
    if constexpr (kCount > 0) {
      if (count == kCount) {
        multiply_rows<kVectors, kCount>(a, panel, sums, stride);
      } else {
        multiply_some<kVectors, kCount - 1>(count, a, panel, sums, stride);
      }
    }
  }

  static void copy(const Matrix& from, const Matrix& to, std::int64_t rows, std::int64_t columns) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        to.data[i * to.row_stride + j * to.column_stride] =
            from.data[i * from.row_stride + j * from.column_stride];
      }
    }
  }

  // All rows of C, of which `width` columns are the panel's.
  template <int kVectors>
  static inline void multiply_panel(const MatrixProduct& p, const Panel& panel,
                                    std::int64_t width) {
    constexpr int kPanel = kVectors * kLanes;
    for (std::int64_t r = 0; r < p.rows; r += kRows) {
      const std::int64_t count = p.rows - r < kRows ? p.rows - r : kRows;
      const Matrix a{p.a.data + r * p.a.row_stride, p.a.row_stride, p.a.column_stride};
      const Matrix c{p.c.data + r * p.c.row_stride, p.c.row_stride, p.c.column_stride};
      if (width == kPanel && c.column_stride == 1) {
        multiply_some<kVectors, kRows>(count, a, panel, c.data, c.row_stride);
        continue;
      }
      float sums[kRows * kPanel] = {};
      const Matrix block{sums, kPanel, 1};
      if (panel.start == nullptr) copy(c, block, count, width);
      multiply_some<kVectors, kRows>(count, a, panel, sums, kPanel);
      copy(block, c, count, width);
    }
  }

  // `width` columns of B to a panel, zeros beside them.
  template <int kVectors>
  static inline void copy_panel(const Matrix& b, std::int64_t depth, std::int64_t width,
                                float* panel) {
    constexpr int kPanel = kVectors * kLanes;
    std::int64_t k = 0;
    // Columns that lie one after another are read as rows and transposed.
    for (; b.row_stride == 1 && width == kPanel && k + kBlock <= depth; k += kBlock) {
      for (int column = 0; column < kPanel; column += kLanes) {
        const float* from = b.data + k + column * b.column_stride;
        float* to = panel + k * kPanel + column;
        if constexpr (kLanes == kBlock) {
          const auto block = transposed(from, b.column_stride);
          for (int i = 0; i < kBlock; ++i) store(to + i * kPanel, block.rows[i]);
        } else {
          // In whole vectors, as they will be read: a processor hands on what it has just written
          // only then.
          const auto left = transposed(from, b.column_stride);
          const auto right = transposed(from + kBlock * b.column_stride, b.column_stride);
          for (int i = 0; i < kBlock; ++i) {
            store(to + i * kPanel,
                  joined(left.rows[i], right.rows[i], std::make_integer_sequence<int, kLanes>()));
          }
        }
      }
    }
    for (; k < depth; ++k) {
      for (std::int64_t j = 0; j < kPanel; ++j) {
        panel[k * kPanel + j] = j < width ? b.data[k * b.row_stride + j * b.column_stride] : 0.0F;
      }
    }
  }

  // `width` columns of C, that one panel holds.
  template <int kVectors>
  static inline void multiply_columns(const MatrixProduct& p, std::int64_t width) {
    constexpr int kPanel = kVectors * kLanes;
    float bias[kPanel] = {};
    for (std::int64_t j = 0; p.bias != nullptr && j < width; ++j) bias[j] = p.bias[j];
    MatrixProduct part = p;
    for (std::int64_t k = 0; k < p.depth; k += kDepth) {
      part.a.data = p.a.data + k * p.a.column_stride;
      const Matrix b{p.b.data + k * p.b.row_stride, p.b.row_stride, p.b.column_stride};
      const std::int64_t depth = p.depth - k < kDepth ? p.depth - k : kDepth;
      const float* start = k == 0 ? bias : nullptr;
      if (width == kPanel && b.column_stride == 1) {
        multiply_panel<kVectors>(part, {b.data, b.row_stride, depth, start}, width);
      } else {
        alignas(64) float panel[kDepth * kPanel];
        copy_panel<kVectors>(b, depth, width, panel);
        multiply_panel<kVectors>(part, {panel, kPanel, depth, start}, width);
      }
    }
  }

  // kColumns columns of C where rows of A lie in one piece: a vector along the sum.
  template <int kColumns>
  static inline void multiply_dots(const MatrixProduct& p) {
    alignas(64) float columns[kColumns][kLongestDot];
    for (int j = 0; j < kColumns; ++j) {
      for (std::int64_t k = 0; k < p.depth; ++k) {
        columns[j][k] = p.b.data[k * p.b.row_stride + j * p.b.column_stride];
      }
    }
    for (std::int64_t r = 0; r < p.rows; ++r) {
      const float* row = p.a.data + r * p.a.row_stride;
      V sums[kColumns] = {};
      for (std::int64_t k = 0; k < p.depth; k += kLanes) {
        const V values = load<V>(row + k);
        for (int j = 0; j < kColumns; ++j) sums[j] += values * load<V>(columns[j] + k);
      }
      for (int j = 0; j < kColumns; ++j) {
        p.c.data[r * p.c.row_stride + j * p.c.column_stride] =
            sum_of<kLanes>(sums[j]) + (p.bias != nullptr ? p.bias[j] : 0.0F);
      }
    }
  }

  static bool suits_dots(const MatrixProduct& p) {
    return p.columns <= 2 && p.depth <= kLongestDot && p.depth % kLanes == 0 &&
           p.a.column_stride == 1;
  }

  static void multiply(const MatrixProduct& p) {
    std::int64_t column = 0;
    for (; p.columns - column > kLanes; column += 2 * kLanes) {
      const std::int64_t rest = p.columns - column;
      const std::int64_t width = rest < 2 * kLanes ? rest : 2 * kLanes;
      multiply_columns<2>(columns_of(p, column, column + width), width);
    }
    if (column >= p.columns) return;
    const MatrixProduct rest = columns_of(p, column, p.columns);
    if (!suits_dots(rest)) return multiply_columns<1>(rest, rest.columns);
    rest.columns == 1 ? multiply_dots<1>(rest) : multiply_dots<2>(rest);
  }

  // The sums of kWidth columns: of every fourth row, so that additions need not wait for each
  // other, and then of the four.
  template <int kWidth>
  static inline void sum_columns(const float* matrix, std::int64_t rows, std::int64_t stride,
                                 float* sums) {
    float of_fourth[4][kWidth] = {};
    std::int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < kWidth; ++j) of_fourth[i][j] += matrix[(r + i) * stride + j];
      }
    }
    for (; r < rows; ++r) {
      for (int j = 0; j < kWidth; ++j) of_fourth[0][j] += matrix[r * stride + j];
    }
    for (int j = 0; j < kWidth; ++j) {
      sums[j] = (of_fourth[0][j] + of_fourth[1][j]) + (of_fourth[2][j] + of_fourth[3][j]);
    }
  }

  static void sum_rows(const float* matrix, std::int64_t rows, std::int64_t columns, float* sums) {
    std::int64_t c = 0;
    for (; c + kLanes <= columns; c += kLanes) {
      sum_columns<kLanes>(matrix + c, rows, columns, sums + c);
    }
    for (; c < columns; ++c) sum_columns<1>(matrix + c, rows, columns, sums + c);
  }

  static constexpr MatrixKernels kKernels = {.multiply = multiply, .sum_rows = sum_rows};
};

}  // namespace
}  // namespace assay
