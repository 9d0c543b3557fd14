// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace assay::batch_norm_loops {

/// Batch normalisation of the rows of a matrix x [rows,channels] in training (Ioffe & Szegedy 2015,
/// algorithm 1); all else [channels].
struct Layer {
  std::int64_t rows, channels;
  const float* x;
  const float* scale;
  const float* bias;
  float* mean;
  float* inverse_sd;
};

/// y, and from it mean and inverse_sd of the layer; running statistics move by `momentum`, towards
/// the unbiased variance.
inline void forward(const Layer& layer, float* running_mean, float* running_variance, float* y,
                    float momentum, float epsilon) {
  const auto [rows, channels, x, scale, bias, mean, inverse_sd] = layer;
  const auto count = static_cast<float>(rows);
  std::vector<float> squares(static_cast<std::size_t>(channels), 0.0F), slope = squares,
                                                                        offset = squares;
  for (std::int64_t c = 0; c < channels; ++c) mean[c] = 0.0F;
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += x[n * channels + c];
  }
  for (std::int64_t c = 0; c < channels; ++c) mean[c] /= count;
  float* square = squares.data();
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = x[n * channels + c] - mean[c];
      square[c] += d * d;
    }
  }
  float *a = slope.data(), *b = offset.data();
  for (std::int64_t c = 0; c < channels; ++c) {
    inverse_sd[c] = 1.0F / std::sqrt(square[c] / count + epsilon);
    running_mean[c] += momentum * (mean[c] - running_mean[c]);
    running_variance[c] += momentum * (square[c] / (count - 1.0F) - running_variance[c]);
    a[c] = inverse_sd[c] * scale[c];
    b[c] = bias[c] - mean[c] * a[c];
  }
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      y[n * channels + c] = x[n * channels + c] * a[c] + b[c];
    }
  }
}

/// Gradients by x, scale and bias, of the gradient by y.
inline void backward(const Layer& layer, const float* by_y, float* by_x, float* by_scale,
                     float* by_bias) {
  const auto [rows, channels, x, scale, bias, mean, inverse_sd] = layer;
  const auto count = static_cast<float>(rows);
  std::vector<float> slopes(static_cast<std::size_t>(channels)), products = slopes;
  for (std::int64_t c = 0; c < channels; ++c) by_scale[c] = by_bias[c] = 0.0F;
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float g = by_y[n * channels + c];
      by_bias[c] += g;
      by_scale[c] += g * (x[n * channels + c] - mean[c]);
    }
  }
  float *slope = slopes.data(), *product = products.data();
  for (std::int64_t c = 0; c < channels; ++c) {
    by_scale[c] *= inverse_sd[c];
    slope[c] = scale[c] * inverse_sd[c];
    product[c] = by_scale[c] * inverse_sd[c] / count;
  }
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t i = n * channels + c;
      by_x[i] = slope[c] * (by_y[i] - by_bias[c] / count - (x[i] - mean[c]) * product[c]);
    }
  }
}

}  // namespace assay::batch_norm_loops
