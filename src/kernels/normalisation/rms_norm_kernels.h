// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// One example of rms_norm: pixels [pixels, channels] in channels-last order. scale (√C included)
/// and bias have `channels` numbers; bias may be null. inverse_norm: [pixels], forward writes it.
struct RmsNormExample {
  const float* x = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;
  std::int64_t pixels = 0, channels = 0;
  float* inverse_norm = nullptr;
  bool silu = false;
};

/// Gradients of one example. y: ∂L/∂y; x has its shape; scale and bias `channels` numbers.
struct RmsNormGradients {
  const float* y = nullptr;
  float* x = nullptr;
  float* scale = nullptr;
  float* bias = nullptr;
};

struct RmsNormKernels {
  void (*forward)(const RmsNormExample& example, float* y) = nullptr;
  void (*backward)(const RmsNormExample& example, const RmsNormGradients& gradients) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const RmsNormKernels* rms_norm_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const RmsNormKernels* rms_norm_avx2();
const RmsNormKernels* rms_norm_avx512();

}  // namespace assay
