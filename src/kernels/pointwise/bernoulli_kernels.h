// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// The loops of bernoulli_cross_entropy over the `count` pixels of one image.
struct BernoulliKernels {
  /// Σ_i max(l_i, 0) − l_i x_i + log(1 + e^{−|l_i|}).
  float (*sum)(const float* x, const float* logits, std::int64_t count) = nullptr;
  /// gradient_i = factor · (sigmoid(l_i) − x_i).
  void (*gradient)(const float* x, const float* logits, std::int64_t count, float factor,
                   float* gradient) = nullptr;
  /// The same where all pixels x_i are 1, or all 0: log(1 + e^{∓l_i}), for infinite logits too.
  float (*sum_of_all)(bool x, const float* logits, std::int64_t count) = nullptr;
  void (*gradient_of_all)(bool x, const float* logits, std::int64_t count, float factor,
                          float* gradient) = nullptr;
};

/// The loops for `unit`, or null if it has none.
const BernoulliKernels* bernoulli_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const BernoulliKernels* bernoulli_avx2();
const BernoulliKernels* bernoulli_avx512();

}  // namespace assay
