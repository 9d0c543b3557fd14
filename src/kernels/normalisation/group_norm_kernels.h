// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// One example of group_norm_silu: pixels [pixels, channels] in channels-last order. shift, scale
/// and bias have `channels` numbers; shift may be null.
struct GroupNormExample {
  const float* x = nullptr;
  const float* shift = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;
  std::int64_t pixels = 0, channels = 0, groups = 0;
  float* mean = nullptr;           ///< [groups]: forward writes it, backward reads it
  float* inverse_scale = nullptr;  ///< [groups]: 1/√(σ² + ε)
};

/// Gradients of one example. y: ∂L/∂y; x has its shape; the others `channels` numbers; shift may be
/// null.
struct GroupNormGradients {
  const float* y = nullptr;
  float* x = nullptr;
  float* shift = nullptr;
  float* scale = nullptr;
  float* bias = nullptr;
};

struct GroupNormKernels {
  void (*forward)(const GroupNormExample& example, double epsilon, float* y) = nullptr;
  void (*backward)(const GroupNormExample& example, const GroupNormGradients& gradients) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const GroupNormKernels* group_norm_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const GroupNormKernels* group_norm_avx2();
const GroupNormKernels* group_norm_avx512();

}  // namespace assay
