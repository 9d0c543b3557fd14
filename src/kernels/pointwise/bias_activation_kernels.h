// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// The loops of bias_activation over `rows` runs of `channels` numbers, each with a bias of its own
/// (channels of a pixel beside each other), or, with channels 1, over `rows` numbers with one bias.
/// m is gain where a number is positive and slope · gain elsewhere, gain > 0.
template <class T>
struct BiasActivationKernels {
  /// y = m(x + bias) · (x + bias); bias may be null.
  void (*forward)(std::int64_t rows, std::int64_t channels, T gain, T slope, const T* x,
                  const T* bias, T* y) = nullptr;
  /// out = m(y) · (in + bias); bias may be null.
  void (*masked)(std::int64_t rows, std::int64_t channels, T gain, T slope, const T* y, const T* in,
                 const T* bias, T* out) = nullptr;
  /// out = m(y) · in, and sums[c] = Σ_rows out.
  void (*backward)(std::int64_t rows, std::int64_t channels, T gain, T slope, const T* y,
                   const T* in, T* out, T* sums) = nullptr;
};

/// The loops of f32 and f64 for `unit`, or null if it has none.
template <class T>
const BiasActivationKernels<T>* bias_activation_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
template <class T>
const BiasActivationKernels<T>* bias_activation_avx2();
template <class T>
const BiasActivationKernels<T>* bias_activation_avx512();

}  // namespace assay
