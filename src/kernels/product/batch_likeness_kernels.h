// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// One kernel b of batch_likeness: m_jb as rows [dimensions, count], and a buffer of `count`.
struct LikenessRows {
  const float* m = nullptr;
  std::int64_t count = 0, dimensions = 0;
  float* buffer = nullptr;
};

struct LikenessKernels {
  /// likeness: [count].
  void (*forward)(const LikenessRows& rows, float* likeness) = nullptr;
  /// by_likeness: ∂L/∂o_b, [count]; by_m: ∂L/∂m_b, in the rows' order.
  void (*backward)(const LikenessRows& rows, const float* by_likeness, float* by_m) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const LikenessKernels* likeness_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const LikenessKernels* likeness_avx2();
const LikenessKernels* likeness_avx512();

}  // namespace assay
