// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// Leaky ReLU, y = x for x > 0, else slope · x; with slope 0 ReLU, where −∞ gives 0. NaN stays NaN.
struct RectifierKernels {
  /// In place.
  void (*forward)(float slope, std::int64_t count, float* y) = nullptr;
  /// From the gradient by y, that by x: the gradient for y > 0, else slope times it; with slope 0,
  /// 0 whatever the gradient is, and the gradient itself where y is NaN. They may be the same
  /// memory.
  void (*backward)(float slope, std::int64_t count, const float* y, const float* by_y,
                   float* by_x) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const RectifierKernels* rectifier_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const RectifierKernels* rectifier_avx2();
const RectifierKernels* rectifier_avx512();

}  // namespace assay
