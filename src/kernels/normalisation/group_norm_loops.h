// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of group_norm_kernels.h, which the compiler turns into vectors. Included only by files
// compiled for one vector unit each: everything is internal to them.

#include <cmath>

#include "kernels/normalisation/group_norm_kernels.h"
#include "kernels/pointwise/vector_math.h"

namespace assay {
namespace {

// Numbers per channel on the stack of one example's pass.
constexpr std::int64_t kMostChannels = 2048;

// y = x · slope + offset before the SiLU.
struct Affine {
  alignas(64) float slope[kMostChannels];
  alignas(64) float offset[kMostChannels];
};

inline float shift_of(const GroupNormExample& e, std::int64_t c) {
  return e.shift != nullptr ? e.shift[c] : 0.0F;
}

void set_affine(const GroupNormExample& e, Affine& affine) {
  const std::int64_t width = e.channels / e.groups;
  for (std::int64_t c = 0; c < e.channels; ++c) {
    affine.slope[c] = e.scale[c] * e.inverse_scale[c / width];
    affine.offset[c] = e.bias[c] + (shift_of(e, c) - e.mean[c / width]) * affine.slope[c];
  }
}

// Sums of x − x_first and of its square per channel: close to the mean, so that nothing cancels.
struct ChannelSums {
  alignas(64) float first[kMostChannels];
  alignas(64) float sum[kMostChannels];
  alignas(64) float square[kMostChannels];
};

void sum_channels(const GroupNormExample& e, ChannelSums& sums) {
  for (std::int64_t c = 0; c < e.channels; ++c) {
    sums.first[c] = e.x[c];
    sums.sum[c] = sums.square[c] = 0.0F;
  }
  for (std::int64_t i = 0; i < e.pixels; ++i) {
    const float* row = e.x + i * e.channels;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) {
      const float d = row[c] - sums.first[c];
      sums.sum[c] += d;
      sums.square[c] += d * d;
    }
  }
}

// Mean and variance of a group from those of its channels (Chan, Golub & LeVeque 1983).
void set_statistics(const GroupNormExample& e, const ChannelSums& sums, double epsilon) {
  const std::int64_t width = e.channels / e.groups;
  const double pixels = static_cast<double>(e.pixels);
  const auto channel_mean = [&](std::int64_t c) {
    return static_cast<double>(sums.first[c]) + static_cast<double>(shift_of(e, c)) +
           static_cast<double>(sums.sum[c]) / pixels;
  };
  for (std::int64_t g = 0; g < e.groups; ++g) {
    double mean = 0.0, deviation = 0.0;
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) mean += channel_mean(c);
    mean /= static_cast<double>(width);
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      const double sum = static_cast<double>(sums.sum[c]), between = channel_mean(c) - mean;
      deviation +=
          static_cast<double>(sums.square[c]) - sum * sum / pixels + pixels * between * between;
    }
    const double variance = deviation / (pixels * static_cast<double>(width));
    e.mean[g] = static_cast<float>(mean);
    e.inverse_scale[g] = static_cast<float>(1.0 / std::sqrt(variance + epsilon));
  }
}

void forward(const GroupNormExample& e, double epsilon, float* y) {
  ChannelSums sums;
  sum_channels(e, sums);
  set_statistics(e, sums, epsilon);
  Affine affine;
  set_affine(e, affine);
  for (std::int64_t i = 0; i < e.pixels; ++i) {
    const float* row = e.x + i * e.channels;
    float* out = y + i * e.channels;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) {
      const float value = row[c] * affine.slope[c] + affine.offset[c];
      out[c] = value * sigmoid(value);
    }
  }
}

// What ∂L/∂x = r (γ d − mean(γ d) − x̂ mean(γ d x̂)) is made of, d = ∂L/∂(γ x̂ + β), per channel:
// ∂L/∂x = d · slope + x · by_x + constant.
struct BackwardTerms {
  alignas(64) float centre[kMostChannels];   // shift − μ
  alignas(64) float sum[kMostChannels];      // Σ d
  alignas(64) float product[kMostChannels];  // Σ d (x + shift − μ)
  alignas(64) float by_x[kMostChannels];
  alignas(64) float constant[kMostChannels];
};

// d into gradients.x, and its sums.
void differentiate_silu(const GroupNormExample& e, const GroupNormGradients& gradients,
                        const Affine& affine, BackwardTerms& terms) {
  const std::int64_t width = e.channels / e.groups;
  for (std::int64_t c = 0; c < e.channels; ++c) {
    terms.centre[c] = shift_of(e, c) - e.mean[c / width];
    terms.sum[c] = terms.product[c] = 0.0F;
  }
  for (std::int64_t i = 0; i < e.pixels; ++i) {
    const float* row = e.x + i * e.channels;
    const float* g = gradients.y + i * e.channels;
    float* d = gradients.x + i * e.channels;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) {
      const float value = row[c] * affine.slope[c] + affine.offset[c];
      const float s = sigmoid(value);
      d[c] = g[c] * s * (1.0F + value * (1.0F - s));
      terms.sum[c] += d[c];
      terms.product[c] += d[c] * (row[c] + terms.centre[c]);
    }
  }
}

void set_backward_terms(const GroupNormExample& e, BackwardTerms& terms) {
  const std::int64_t width = e.channels / e.groups;
  for (std::int64_t g = 0; g < e.groups; ++g) {
    const double count = static_cast<double>(e.pixels * width);
    const double r = static_cast<double>(e.inverse_scale[g]);
    double sum = 0.0, product = 0.0;
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      sum += static_cast<double>(e.scale[c]) * static_cast<double>(terms.sum[c]);
      product += static_cast<double>(e.scale[c]) * static_cast<double>(terms.product[c]) * r;
    }
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      const double by_x = -r * r * product / count;
      terms.by_x[c] = static_cast<float>(by_x);
      terms.constant[c] =
          static_cast<float>(by_x * static_cast<double>(terms.centre[c]) - r * sum / count);
    }
  }
}

void backward(const GroupNormExample& e, const GroupNormGradients& gradients) {
  Affine affine;
  set_affine(e, affine);
  BackwardTerms terms;
  differentiate_silu(e, gradients, affine, terms);
  set_backward_terms(e, terms);
  const std::int64_t width = e.channels / e.groups;
  for (std::int64_t c = 0; c < e.channels; ++c) {
    gradients.bias[c] = terms.sum[c];
    gradients.scale[c] = terms.product[c] * e.inverse_scale[c / width];
    terms.sum[c] = 0.0F;
  }
  for (std::int64_t i = 0; i < e.pixels; ++i) {
    const float* row = e.x + i * e.channels;
    float* d = gradients.x + i * e.channels;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < e.channels; ++c) {
      d[c] = d[c] * affine.slope[c] + row[c] * terms.by_x[c] + terms.constant[c];
      terms.sum[c] += d[c];
    }
  }
  for (std::int64_t c = 0; gradients.shift != nullptr && c < e.channels; ++c) {
    gradients.shift[c] = terms.sum[c];
  }
}

constexpr GroupNormKernels kKernels = {.forward = forward, .backward = backward};

}  // namespace
}  // namespace assay
