// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of bias_activation_kernels.h, which the compiler turns into vectors. Included only by
// files compiled for one vector unit each: everything is internal to them.

#include "kernels/pointwise/bias_activation_kernels.h"

namespace assay {
namespace {

template <class T>
struct BiasActivationLoops {
  static constexpr int kSums = 32;  // side by side, so that additions become vectors

  // out_i = term(i, bias of i).
  template <class Term>
  static inline void each(std::int64_t rows, std::int64_t channels, const T* bias, T* out,
                          const Term& term) {
    if (bias == nullptr || channels == 1) {
      const T shift = bias == nullptr ? T(0) : bias[0];
#pragma GCC ivdep
      for (std::int64_t i = 0; i < rows * channels; ++i) out[i] = term(i, shift);
      return;
    }
    for (std::int64_t first = 0; first < rows * channels; first += channels) {
#pragma GCC ivdep
      for (std::int64_t c = 0; c < channels; ++c) out[first + c] = term(first + c, bias[c]);
    }
  }

  static void forward(std::int64_t rows, std::int64_t channels, T gain, T slope, const T* x,
                      const T* bias, T* y) {
    const T below = slope * gain;
    each(rows, channels, bias, y, [&](std::int64_t i, T shift) {
      const T sum = x[i] + shift;
      return sum * (sum > T(0) ? gain : below);
    });
  }

  static void masked(std::int64_t rows, std::int64_t channels, T gain, T slope, const T* y,
                     const T* in, const T* bias, T* out) {
    const T below = slope * gain;
    each(rows, channels, bias, out,
         [&](std::int64_t i, T shift) { return (in[i] + shift) * (y[i] > T(0) ? gain : below); });
  }

  // Of one channel: sums side by side, added in a fixed order.
  static T sum_of(std::int64_t count, const T* values) {
    T sums[kSums] = {};
    std::int64_t i = 0;
    for (; i + kSums <= count; i += kSums) {
#pragma GCC ivdep
      for (int k = 0; k < kSums; ++k) sums[k] += values[i + k];
    }
    T total = 0;
    for (const T part : sums) total += part;
    for (; i < count; ++i) total += values[i];
    return total;
  }

  static void backward(std::int64_t rows, std::int64_t channels, T gain, T slope, const T* y,
                       const T* in, T* out, T* sums) {
    const T below = slope * gain;
    if (channels == 1) {
      masked(rows, channels, gain, slope, y, in, nullptr, out);
      sums[0] = sum_of(rows, out);
      return;
    }
    for (std::int64_t c = 0; c < channels; ++c) sums[c] = 0;
    for (std::int64_t first = 0; first < rows * channels; first += channels) {
#pragma GCC ivdep
      for (std::int64_t c = 0; c < channels; ++c) {
        out[first + c] = in[first + c] * (y[first + c] > T(0) ? gain : below);
        sums[c] += out[first + c];
      }
    }
  }

  static constexpr BiasActivationKernels<T> kKernels = {
      .forward = forward, .masked = masked, .backward = backward};
};

}  // namespace
}  // namespace assay
