// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// Batch normalisation of the rows of a matrix x [rows,channels] in training (Ioffe & Szegedy 2015,
/// algorithm 1), at least two rows; all else [channels].
struct RowNorm {
  std::int64_t rows = 0, channels = 0;
  const float* x = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;
  float* mean = nullptr;        ///< forward writes it
  float* inverse_sd = nullptr;  ///< forward writes it
  float epsilon = 0.0F;
};

/// They move by `momentum` towards the mean and the unbiased variance.
struct RunningStatistics {
  float* mean = nullptr;
  float* variance = nullptr;
  float momentum = 0.0F;
};

/// Of y [rows,channels] and by x, scale and bias. x may be the memory of y.
struct RowNormGradients {
  const float* y = nullptr;
  float* x = nullptr;
  float* scale = nullptr;
  float* bias = nullptr;
};

/// Loops in f32: sums run down the rows.
struct RowNormKernels {
  void (*forward)(const RowNorm& norm, const RunningStatistics& running, float* y) = nullptr;
  void (*backward)(const RowNorm& norm, const RowNormGradients& gradients) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const RowNormKernels* row_norm_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const RowNormKernels* row_norm_avx2();
const RowNormKernels* row_norm_avx512();

}  // namespace assay
