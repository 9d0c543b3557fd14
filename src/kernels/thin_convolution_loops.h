// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of thin_convolution.h for vectors of kLanes floats. Included only by files compiled for
// one vector unit each: everything is internal to them.

#include "kernels/float_vectors.h"
#include "kernels/thin_convolution.h"

namespace assay {
namespace {

template <int kLanes>
struct ThinLoops {
  using V = Vector<kLanes>;
  static constexpr int kMostTaps = 4;
  static constexpr int kExpanded = 8;  // pixels of m at once

  static std::int64_t padded_width(const ThinShape& s) {
    return (s.stride * s.columns + 2) * s.few;
  }
  static std::int64_t padded_image(const ThinShape& s) {
    return (s.stride * s.rows + 2) * padded_width(s);
  }
  static std::int64_t many_image(const ThinShape& s) { return s.rows * s.columns * s.many; }

  // kCount pixels of a row of m from `padded` on, one vector of channels.
  template <int kCount>
  static inline void expand_pixels(const ThinShape& s, const float* padded, const float* filter,
                                   V start, float* many) {
    V sums[kCount];
    for (int p = 0; p < kCount; ++p) sums[p] = start;
    const std::int64_t line = s.taps * s.few;  // numbers of f that a row of taps meets
    for (std::int64_t u = 0; u < s.taps; ++u) {
      const float* row = padded + u * padded_width(s);
      for (std::int64_t t = 0; t < line; ++t, filter += s.many) {
        const V weight = load<V>(filter);
#pragma GCC unroll 8
        for (int p = 0; p < kCount; ++p) sums[p] += row[p * s.stride * s.few + t] * weight;
      }
    }
    for (int p = 0; p < kCount; ++p) store(many + p * s.many, sums[p]);
  }

  template <int kCount>
  static inline void expand_rest(const ThinShape& s, std::int64_t rest, const float* padded,
                                 const float* filter, V start, float* many) {
    if constexpr (kCount > 0) {
      if (rest == kCount) {
        expand_pixels<kCount>(s, padded, filter, start, many);
      } else {
        expand_rest<kCount - 1>(s, rest, padded, filter, start, many);
      }
    }
  }

  static void expand(const ThinShape& s, std::int64_t image, const float* padded,
                     const float* filter, const float* bias, float* many) {
    const std::int64_t step = s.stride * s.few;
    for (std::int64_t i = 0; i < s.rows; ++i) {
      const float* from = padded + image * padded_image(s) + i * s.stride * padded_width(s);
      float* to = many + image * many_image(s) + i * s.columns * s.many;
      for (std::int64_t c = 0; c < s.many; c += kLanes) {
        const V start = bias != nullptr ? load<V>(bias + c) : V{};
        std::int64_t j = 0;
        for (; j + kExpanded <= s.columns; j += kExpanded) {
          expand_pixels<kExpanded>(s, from + j * step, filter + c, start, to + j * s.many + c);
        }
        expand_rest<kExpanded - 1>(s, s.columns - j, from + j * step, filter + c, start,
                                   to + j * s.many + c);
      }
    }
  }

  static float sum_of(V lanes) {
    float numbers[kLanes];
    store(numbers, lanes);
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int l = 0; l < width; ++l) numbers[l] += numbers[l + width];
    }
    return numbers[0];
  }

  // The taps that meet a row or a column of f, and which row or column of m each brings.
  struct Meeting {
    std::int64_t tap = 0, place = 0;
  };
  struct Meetings {
    Meeting all[kMostTaps];
    int count = 0;

    Meetings(const ThinShape& s, std::int64_t place) {
      for (std::int64_t u = 0; u < s.taps; ++u) {
        if ((place + 1 - u) % s.stride == 0) all[count++] = {u, (place + 1 - u) / s.stride};
      }
    }
  };

  // kPixels pixels of f, `stride` apart from column `column` on, of which `count` exist.
  template <int kFew, int kPixels>
  static inline void contract_pixels(const ThinShape& s, const Meetings& rows, std::int64_t column,
                                     std::int64_t count, const float* many, const float* filter,
                                     float* few) {
    const Meetings columns(s, column);
    V sums[kPixels][kFew] = {};
    for (int a = 0; a < rows.count; ++a) {
      const std::int64_t i = rows.all[a].place;
      if (i < 0 || i >= s.rows) continue;
      for (int b = 0; b < columns.count; ++b) {
        const float* pixels[kPixels];
        bool exists[kPixels];
        for (int p = 0; p < kPixels; ++p) {
          const std::int64_t j = columns.all[b].place + p;
          exists[p] = p < count && j >= 0 && j < s.columns;
          pixels[p] = many + (i * s.columns + (exists[p] ? j : 0)) * s.many;
        }
        const float* weights =
            filter + (rows.all[a].tap * s.taps + columns.all[b].tap) * s.few * s.many;
        for (std::int64_t c = 0; c < s.many; c += kLanes) {
          V weight[kFew];
          for (int f = 0; f < kFew; ++f) weight[f] = load<V>(weights + f * s.many + c);
          for (int p = 0; p < kPixels; ++p) {
            const V pixel = exists[p] ? load<V>(pixels[p] + c) : V{};
            for (int f = 0; f < kFew; ++f) sums[p][f] += pixel * weight[f];
          }
        }
      }
    }
    for (int p = 0; p < kPixels && p < count; ++p) {
      for (int f = 0; f < kFew; ++f) few[p * s.stride * kFew + f] = sum_of(sums[p][f]);
    }
  }

  template <int kFew>
  static void contract_image(const ThinShape& s, const float* many, const float* filter,
                             float* few) {
    constexpr int kPixels = kLanes == 16 || kFew < 3 ? 4 : 2;
    for (std::int64_t row = 0; row < s.stride * s.rows; ++row) {
      const Meetings rows(s, row);
      float* line = few + row * s.stride * s.columns * kFew;
      for (std::int64_t phase = 0; phase < s.stride; ++phase) {
        for (std::int64_t j = 0; j < s.columns; j += kPixels) {
          const std::int64_t column = j * s.stride + phase;
          contract_pixels<kFew, kPixels>(s, rows, column, s.columns - j, many, filter,
                                         line + column * kFew);
        }
      }
    }
  }

  static void contract(const ThinShape& s, std::int64_t image, const float* many,
                       const float* filter, float* few) {
    many += image * many_image(s);
    few += image * s.stride * s.rows * s.stride * s.columns * s.few;
    if (s.few == 1) contract_image<1>(s, many, filter, few);
    if (s.few == 2) contract_image<2>(s, many, filter, few);
    if (s.few == 3) contract_image<3>(s, many, filter, few);
    if (s.few == 4) contract_image<4>(s, many, filter, few);
  }

  // kRows rows of kTaps taps, from `padded` on, for one channel of f and a vector of m's.
  template <int kTaps, int kRows>
  static inline void filter_rows(const ThinShape& s, const float* padded, const float* many,
                                 float* filter) {
    for (std::int64_t n = 0; n < s.images; ++n) {
      V sums[kRows][kTaps] = {};
      for (std::int64_t i = 0; i < s.rows; ++i) {
        const float* line = padded + n * padded_image(s) + i * s.stride * padded_width(s);
        const float* pixel = many + n * many_image(s) + i * s.columns * s.many;
        for (std::int64_t j = 0; j < s.columns; ++j, pixel += s.many, line += s.stride * s.few) {
          const V value = load<V>(pixel);
#pragma GCC unroll 4
          for (int u = 0; u < kRows; ++u) {
#pragma GCC unroll 4
            for (int v = 0; v < kTaps; ++v) {
              sums[u][v] += line[u * padded_width(s) + v * s.few] * value;
            }
          }
        }
      }
      for (int u = 0; u < kRows; ++u) {
        for (int v = 0; v < kTaps; ++v) {
          float* to = filter + (u * kTaps + v) * s.few * s.many;
          store(to, n > 0 ? load<V>(to) + sums[u][v] : sums[u][v]);
        }
      }
    }
  }

  static void filter_gradient(const ThinShape& s, std::int64_t channel, const float* padded,
                              const float* many, float* filter) {
    constexpr int kRowsOfFour = kLanes == 16 ? 4 : 2;  // as many sums as registers hold
    for (std::int64_t c = channel; c < channel + kManyChannels; c += kLanes) {
      for (std::int64_t f = 0; f < s.few; ++f) {
        float* to = filter + f * s.many + c;
        if (s.taps == 3) {
          filter_rows<3, 3>(s, padded + f, many + c, to);
          continue;
        }
        for (std::int64_t u = 0; u < 4; u += kRowsOfFour) {
          filter_rows<4, kRowsOfFour>(s, padded + u * padded_width(s) + f, many + c,
                                      to + u * 4 * s.few * s.many);
        }
      }
    }
  }

  static constexpr ThinKernels kKernels = {
      .expand = expand, .contract = contract, .filter_gradient = filter_gradient};
};

}  // namespace
}  // namespace assay
