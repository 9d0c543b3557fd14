// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/matrix_product.h"

namespace assay {
namespace {

// Fewer columns than this leave most of a vector empty.
constexpr std::int64_t kVectorColumns = 16;

using Matrix = MatrixProduct::Matrix;

Matrix row_by_row(float* data, std::int64_t columns) { return {data, columns, 1}; }
Matrix transposed(const Matrix& matrix) {
  return {matrix.data, matrix.column_stride, matrix.row_stride};
}

}  // namespace

MatrixProduct LayerProducts::forward(const float* bias) const {
  return {.rows = rows,
          .depth = inputs,
          .columns = outputs,
          .a = row_by_row(x, inputs),
          .b = transposed(row_by_row(w, inputs)),
          .c = row_by_row(y, outputs),
          .bias = bias};
}

MatrixProduct LayerProducts::input_gradient() const {
  return {.rows = rows,
          .depth = outputs,
          .columns = inputs,
          .a = row_by_row(y, outputs),
          .b = row_by_row(w, inputs),
          .c = row_by_row(x, inputs)};
}

MatrixProduct LayerProducts::weight_gradient() const {
  const Matrix from = row_by_row(x, inputs), by = row_by_row(y, outputs),
               to = row_by_row(w, inputs);
  if (inputs < kVectorColumns && inputs < outputs) {  // its transpose, xᵀ y
    return {.rows = inputs,
            .depth = rows,
            .columns = outputs,
            .a = transposed(from),
            .b = by,
            .c = transposed(to)};
  }
  return {
      .rows = outputs, .depth = rows, .columns = inputs, .a = transposed(by), .b = from, .c = to};
}

MatrixProduct columns_of(MatrixProduct product, std::int64_t begin, std::int64_t end) {
  product.b.data += begin * product.b.column_stride;
  product.c.data += begin * product.c.column_stride;
  if (product.bias != nullptr) product.bias += begin;
  product.columns = end - begin;
  return product;
}

const MatrixKernels* matrix_kernels(VectorUnit unit) {
  switch (unit) {
    case VectorUnit::kAvx512:
      return matrix_kernels_avx512();
    case VectorUnit::kAvx2:
      return matrix_kernels_avx2();
    case VectorUnit::kNone:
      break;
  }
  return nullptr;
}

}  // namespace assay
