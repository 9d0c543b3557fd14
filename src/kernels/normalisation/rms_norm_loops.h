// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of rms_norm_kernels.h, which the compiler turns into vectors. Included only by files
// compiled for one vector unit each: everything is internal to them.

#include <cmath>

#include "kernels/normalisation/rms_norm_kernels.h"
#include "kernels/pointwise/vector_math.h"

namespace assay {
namespace {

constexpr float kSmallestNorm = 1e-12F;
constexpr int kSums = 16;  // side by side, so that additions become vectors

inline float dot(const float* a, const float* b, std::int64_t count) {
  alignas(64) float sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
#pragma GCC ivdep
    for (int k = 0; k < kSums; ++k) sums[k] += a[i + k] * b[i + k];
  }
  float total = 0.0F;
  for (const float part : sums) total += part;
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

template <bool kSilu>
void forward_as(const RmsNormExample& e, float* y) {
  for (std::int64_t p = 0; p < e.pixels; ++p) {
    const float* x = e.x + p * e.channels;
    float* out = y + p * e.channels;
    const float norm = std::sqrt(dot(x, x, e.channels));
    const float inverse = 1.0F / (norm > kSmallestNorm ? norm : kSmallestNorm);
    e.inverse_norm[p] = inverse;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) {
      const float value = x[c] * inverse * e.scale[c] + (e.bias != nullptr ? e.bias[c] : 0.0F);
      out[c] = kSilu ? value * sigmoid(value) : value;
    }
  }
}

void forward(const RmsNormExample& e, float* y) {
  e.silu ? forward_as<true>(e, y) : forward_as<false>(e, y);
}

// With u = x/‖x‖ and d = ∂L/∂(γ√C u + β): ∂L/∂x = (γ√C d − u (u · γ√C d)) / ‖x‖.
template <bool kSilu>
void backward_as(const RmsNormExample& e, const RmsNormGradients& gradients) {
  for (std::int64_t c = 0; c < e.channels; ++c) gradients.scale[c] = gradients.bias[c] = 0.0F;
  for (std::int64_t p = 0; p < e.pixels; ++p) {
    const float* x = e.x + p * e.channels;
    const float* g = gradients.y + p * e.channels;
    float* out = gradients.x + p * e.channels;
    const float inverse = e.inverse_norm[p];
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) {
      const float u = x[c] * inverse;
      float d = g[c];
      if (kSilu) {
        const float value = u * e.scale[c] + (e.bias != nullptr ? e.bias[c] : 0.0F);
        const float s = sigmoid(value);
        d *= s * (1.0F + value * (1.0F - s));
      }
      gradients.bias[c] += d;
      gradients.scale[c] += d * u;
      out[c] = d * e.scale[c];
    }
    // Below the smallest norm, the divisor is a constant.
    const bool constant = inverse >= 1.0F / kSmallestNorm;
    const float along = constant ? 0.0F : dot(x, out, e.channels) * inverse * inverse;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) out[c] = (out[c] - x[c] * along) * inverse;
  }
}

void backward(const RmsNormExample& e, const RmsNormGradients& gradients) {
  e.silu ? backward_as<true>(e, gradients) : backward_as<false>(e, gradients);
}

constexpr RmsNormKernels kRmsNorm = {.forward = forward, .backward = backward};

}  // namespace
}  // namespace assay
