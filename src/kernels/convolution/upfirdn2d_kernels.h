// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// Sizes of an upfirdn2d on images with the channels of a pixel beside each other in memory.
struct UpFirDnShape {
  std::int64_t rows = 0, columns = 0, channels = 0;  ///< of x [images,rows,columns,channels]
  std::int64_t out_rows = 0, out_columns = 0;        ///< of y
  std::int64_t filter_rows = 0, filter_columns = 0;
  std::int64_t up = 1, down = 1;
  std::int64_t left = 0, top = 0;  ///< pads; those at the other ends follow from y's size
};

/// Writes row `row` of y's image from x's: with q = down · row + filter_rows − 1 − top, likewise
/// for columns, y[row, column] = Σ_{rc} filter[q_row − up · r, q_column − up · c] · x[r, c] over
/// where the filter has taps.
template <class T>
struct UpFirDnKernels {
  void (*row)(const UpFirDnShape& shape, const T* filter, const T* x, T* y,
              std::int64_t row) = nullptr;
};

/// The loops of f32 and f64 for `unit`, or null if it has none.
template <class T>
const UpFirDnKernels<T>* upfirdn2d_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
template <class T>
const UpFirDnKernels<T>* upfirdn2d_avx2();
template <class T>
const UpFirDnKernels<T>* upfirdn2d_avx512();

}  // namespace assay
