// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of upfirdn2d_kernels.h for vectors of kBytes. Included only by files compiled for one
// vector unit each: everything is internal to them.

#include "kernels/convolution/upfirdn2d_kernels.h"

namespace assay {
namespace {

// Of the upsampled coordinate q, the pixels [first, end) of x that taps of the filter meet.
struct Met {
  std::int64_t first = 0, end = 0;

  Met(std::int64_t q, std::int64_t up, std::int64_t taps, std::int64_t size) {
    const std::int64_t lowest = q - (taps - 1);
    first = lowest > 0 ? (lowest + up - 1) / up : 0;
    end = q >= 0 ? q / up + 1 : 0;
    if (end > size) end = size;
  }
};

template <class T, int kBytes>
struct UpFirDnLoops {
  struct VectorOf {
    using Type [[gnu::vector_size(kBytes)]] = T;
  };
  using V = typename VectorOf::Type;
  static constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));
  static constexpr int kAtOnce = 4;  // vectors of channels: sums that do not wait for each other

  // One pixel of y, from what x and the filter hold where they meet.
  struct Pixel {
    const UpFirDnShape* shape;
    const T* filter;
    const T* x;
    Met rows, columns;
    std::int64_t q_row, q_column;

    // add(weight, offset of the pixel in x) for every tap that meets one.
    template <class Add>
    inline void each(const Add& add) const {
      for (std::int64_t r = rows.first; r < rows.end; ++r) {
        const T* taps = filter + (q_row - shape->up * r) * shape->filter_columns + q_column;
        for (std::int64_t c = columns.first; c < columns.end; ++c) {
          add(taps[-shape->up * c], (r * shape->columns + c) * shape->channels);
        }
      }
    }

    template <int kVectors>
    inline void vectors(std::int64_t channel, T* y) const {
      V sums[kVectors] = {};
      each([&](T weight, std::int64_t offset) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          V from;
          __builtin_memcpy(&from, x + offset + channel + v * kLanes, sizeof from);
          sums[v] += weight * from;
        }
      });
      __builtin_memcpy(y + channel, sums, sizeof sums);
    }

    void write(T* y) const {
      std::int64_t channel = 0;
      for (; channel + kAtOnce * kLanes <= shape->channels; channel += kAtOnce * kLanes) {
        vectors<kAtOnce>(channel, y);
      }
      for (; channel + kLanes <= shape->channels; channel += kLanes) vectors<1>(channel, y);
      for (; channel < shape->channels; ++channel) {
        T sum = 0;
        each([&](T weight, std::int64_t offset) { sum += weight * x[offset + channel]; });
        y[channel] = sum;
      }
    }
  };

  static void row(const UpFirDnShape& s, const T* filter, const T* x, T* y, std::int64_t row) {
    const std::int64_t q_row = s.down * row + s.filter_rows - 1 - s.top;
    const Met rows(q_row, s.up, s.filter_rows, s.rows);
    T* to = y + row * s.out_columns * s.channels;
    for (std::int64_t column = 0; column < s.out_columns; ++column, to += s.channels) {
      const std::int64_t q_column = s.down * column + s.filter_columns - 1 - s.left;
      const Met columns(q_column, s.up, s.filter_columns, s.columns);
      Pixel{&s, filter, x, rows, columns, q_row, q_column}.write(to);
    }
  }

  static constexpr UpFirDnKernels<T> kKernels = {.row = row};
};

}  // namespace
}  // namespace assay
