// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// C = A·B + 1·biasᵀ of matrices in memory: A [rows,depth], B [depth,columns], C [rows,columns],
/// all at least 1. Element (i, j) of each is at data[i·row_stride + j·column_stride], so that a
/// transposed matrix is one with its strides exchanged.
struct MatrixProduct {
  struct Matrix {
    float* data = nullptr;
    std::int64_t row_stride = 0, column_stride = 0;
  };
  std::int64_t rows = 0, depth = 0, columns = 0;
  Matrix a, b, c;
  const float* bias = nullptr;  ///< [columns], or null
};

/// The product's columns [begin, end), for one thread among several.
MatrixProduct columns_of(MatrixProduct product, std::int64_t begin, std::int64_t end);

/// The products of a linear layer: x [rows,inputs], w [outputs,inputs] and y [rows,outputs], row by
/// row in memory.
struct LayerProducts {
  std::int64_t rows = 0, inputs = 0, outputs = 0;
  float *x = nullptr, *w = nullptr, *y = nullptr;

  MatrixProduct forward(const float* bias) const;  ///< y = x wᵀ + b
  MatrixProduct input_gradient() const;            ///< x = y w, of a gradient y
  MatrixProduct weight_gradient() const;           ///< w = yᵀ x, of a gradient y
};

/// Loops in f32. In what order numbers are added up depends on the depth, on the column and on the
/// strides, not on the number of rows or on how the columns are shared out (in multiples of 32).
struct MatrixKernels {
  void (*multiply)(const MatrixProduct& product) = nullptr;
  /// Σ_i of each column of a matrix [rows,columns] in one piece, to `sums` [columns].
  void (*sum_rows)(const float* matrix, std::int64_t rows, std::int64_t columns,
                   float* sums) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const MatrixKernels* matrix_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const MatrixKernels* matrix_kernels_avx2();
const MatrixKernels* matrix_kernels_avx512();

}  // namespace assay
