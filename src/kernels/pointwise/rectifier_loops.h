// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of rectifier.h, which the compiler turns into vectors. Included only by files compiled
// for one vector unit each: everything is internal to them.

#include "kernels/pointwise/rectifier.h"

namespace assay {
namespace {

// Slope 0 has loops of its own: 0 · ∞ would be no number.
void forward(float slope, std::int64_t count, float* y) {
  if (slope == 0.0F) {
    for (std::int64_t i = 0; i < count; ++i) y[i] = y[i] < 0.0F ? 0.0F : y[i];
  } else {
    for (std::int64_t i = 0; i < count; ++i) y[i] = y[i] < 0.0F ? slope * y[i] : y[i];
  }
}

void backward(float slope, std::int64_t count, const float* y, const float* by_y, float* by_x) {
  if (slope == 0.0F) {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < count; ++i) by_x[i] = y[i] <= 0.0F ? 0.0F : by_y[i];
  } else {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < count; ++i) by_x[i] = y[i] > 0.0F ? by_y[i] : slope * by_y[i];
  }
}

constexpr RectifierKernels kRectifier = {.forward = forward, .backward = backward};

}  // namespace
}  // namespace assay
