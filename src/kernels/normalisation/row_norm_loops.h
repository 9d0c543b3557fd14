// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of row_norm.h, which the compiler turns into vectors. Included only by files compiled
// for one vector unit each: everything is internal to them.

#include <cmath>

#include "kernels/normalisation/row_norm.h"

namespace assay {
namespace {

// The channels from `channel` on, kWidth of them: their sums stay in registers.
template <int kWidth>
struct Channels {
  std::int64_t channel, rows, stride;

  Channels(const RowNorm& norm, std::int64_t first)
      : channel(first), rows(norm.rows), stride(norm.channels) {}

  // visit(row, c) for each number of x, row by row: the offset of the row, and the channel within.
  template <class Visit>
  inline void each(const Visit& visit) const {
    for (std::int64_t row = 0; row < rows; ++row) {
#pragma GCC ivdep
      for (int c = 0; c < kWidth; ++c) visit(row * stride + channel + c, c);
    }
  }
};

template <int kWidth>
inline void forward_channels(const RowNorm& norm, const RunningStatistics& running,
                             std::int64_t first, float* y) {
  const Channels<kWidth> channels(norm, first);
  const auto count = static_cast<float>(norm.rows);
  const float* x = norm.x;
  float mean[kWidth] = {}, square[kWidth] = {}, slope[kWidth], offset[kWidth];
  channels.each([&](std::int64_t i, int c) { mean[c] += x[i]; });
  for (float& value : mean) value /= count;
  channels.each([&](std::int64_t i, int c) { square[c] += (x[i] - mean[c]) * (x[i] - mean[c]); });
  for (int c = 0; c < kWidth; ++c) {
    const std::int64_t k = first + c;
    norm.mean[k] = mean[c];
    norm.inverse_sd[k] = 1.0F / std::sqrt(square[c] / count + norm.epsilon);
    running.mean[k] += running.momentum * (mean[c] - running.mean[k]);
    running.variance[k] += running.momentum * (square[c] / (count - 1.0F) - running.variance[k]);
    slope[c] = norm.inverse_sd[k] * norm.scale[k];
    offset[c] = norm.bias[k] - mean[c] * slope[c];
  }
  channels.each([&](std::int64_t i, int c) { y[i] = x[i] * slope[c] + offset[c]; });
}

template <int kWidth>
inline void backward_channels(const RowNorm& norm, const RowNormGradients& by, std::int64_t first) {
  const Channels<kWidth> channels(norm, first);
  const auto count = static_cast<float>(norm.rows);
  const float *x = norm.x, *y = by.y;
  float mean[kWidth], scale[kWidth] = {}, bias[kWidth] = {}, slope[kWidth], product[kWidth];
  for (int c = 0; c < kWidth; ++c) mean[c] = norm.mean[first + c];
  channels.each([&](std::int64_t i, int c) {
    bias[c] += y[i];
    scale[c] += y[i] * (x[i] - mean[c]);
  });
  for (int c = 0; c < kWidth; ++c) {
    const std::int64_t k = first + c;
    scale[c] *= norm.inverse_sd[k];
    by.scale[k] = scale[c];
    by.bias[k] = bias[c];
    slope[c] = norm.scale[k] * norm.inverse_sd[k];
    product[c] = scale[c] * norm.inverse_sd[k] / count;
    bias[c] /= count;
  }
  channels.each([&](std::int64_t i, int c) {
    by.x[i] = slope[c] * (y[i] - bias[c] - (x[i] - mean[c]) * product[c]);
  });
}

constexpr int kWide = 32, kNarrow = 8;

void forward(const RowNorm& norm, const RunningStatistics& running, float* y) {
  std::int64_t c = 0;
  for (; c + kWide <= norm.channels; c += kWide) forward_channels<kWide>(norm, running, c, y);
  for (; c + kNarrow <= norm.channels; c += kNarrow) {
    forward_channels<kNarrow>(norm, running, c, y);
  }
  for (; c < norm.channels; ++c) forward_channels<1>(norm, running, c, y);
}

void backward(const RowNorm& norm, const RowNormGradients& by) {
  std::int64_t c = 0;
  for (; c + kWide <= norm.channels; c += kWide) backward_channels<kWide>(norm, by, c);
  for (; c + kNarrow <= norm.channels; c += kNarrow) backward_channels<kNarrow>(norm, by, c);
  for (; c < norm.channels; ++c) backward_channels<1>(norm, by, c);
}

constexpr RowNormKernels kRowNorm = {.forward = forward, .backward = backward};

}  // namespace
}  // namespace assay
