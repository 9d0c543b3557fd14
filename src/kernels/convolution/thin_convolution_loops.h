// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of thin_convolution.h for vectors of kLanes floats. Included only by files compiled for
// one vector unit each: everything is internal to them.

#include "kernels/convolution/thin_convolution.h"
#include "kernels/pointwise/float_vectors.h"

namespace assay {
namespace {

constexpr int kMostTaps = 4;

std::int64_t padded_row(const ThinShape& s) { return (s.stride * s.columns + 2) * s.few; }
std::int64_t padded_image(const ThinShape& s) { return (s.stride * s.rows + 2) * padded_row(s); }
std::int64_t many_row(const ThinShape& s) { return s.columns * s.many; }

// The taps that meet a row (or column) of f, and the row of m that each brings.
struct Meetings {
  struct Meeting {
    std::int64_t tap = 0, place = 0;
  };
  Meeting all[kMostTaps];
  int count = 0;

  Meetings(const ThinShape& s, std::int64_t place) {
    for (std::int64_t u = 0; u < s.taps(); ++u) {
      if ((place + 1 - u) % s.stride == 0) all[count++] = {u, (place + 1 - u) / s.stride};
    }
  }
};

template <int kLanes>
struct ThinLoops {
  using V = Vector<kLanes>;
  static constexpr int kExpanded = 8;  // pixels of m at once

  // kCount pixels of a row of m, one vector of channels, from where the arguments point.
  template <int kCount>
  static inline void expand_pixels(const ThinShape& s, const ThinArguments& from) {
    V sums[kCount];
    const V start = from.bias != nullptr ? load<V>(from.bias) : V{};
    for (int p = 0; p < kCount; ++p) sums[p] = start;
    const float* filter = from.w;
    for (std::int64_t u = 0; u < s.taps(); ++u) {
      const float* row = from.f + u * padded_row(s);
      for (std::int64_t t = 0; t < s.taps() * s.few; ++t, filter += s.many) {
        const V weight = load<V>(filter);
#pragma GCC unroll 8
        for (int p = 0; p < kCount; ++p) sums[p] += row[p * s.stride * s.few + t] * weight;
      }
    }
    for (int p = 0; p < kCount; ++p) store(from.m + p * s.many, sums[p]);
  }

  template <int kCount>
  static inline void expand_rest(const ThinShape& s, const ThinArguments& from, std::int64_t rest) {
    if constexpr (kCount > 0) {
      if (rest == kCount) {
        expand_pixels<kCount>(s, from);
      } else {
        expand_rest<kCount - 1>(s, from, rest);
      }
    }
  }

  static void expand_row(const ThinShape& s, ThinArguments from) {
    std::int64_t j = 0;
    for (; j + kExpanded <= s.columns; j += kExpanded) {
      expand_pixels<kExpanded>(s, from);
      from.f += kExpanded * s.stride * s.few;
      from.m += kExpanded * s.many;
    }
    expand_rest<kExpanded - 1>(s, from, s.columns - j);
  }

  static void expand(const ThinShape& s, const ThinArguments& all, std::int64_t image) {
    for (std::int64_t i = 0; i < s.rows; ++i) {
      for (std::int64_t c = 0; c < s.many; c += kLanes) {
        expand_row(s, {.f = all.f + image * padded_image(s) + i * s.stride * padded_row(s),
                       .w = all.w + c,
                       .m = all.m + (image * s.rows + i) * many_row(s) + c,
                       .bias = all.bias != nullptr ? all.bias + c : nullptr});
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

  // kPixels pixels of f, `stride` apart: as many sums as registers hold.
  template <int kFew>
  struct PixelSums {
    static constexpr int kPixels = kLanes == 16 || kFew < 3 ? 4 : 2;
    V sums[kPixels][kFew] = {};

    // What one tap brings from pixels of m; null where m has none.
    inline void add(const ThinShape& s, const float* const* pixels, const float* weights) {
      for (std::int64_t c = 0; c < s.many; c += kLanes) {
        V weight[kFew];
        for (int f = 0; f < kFew; ++f) weight[f] = load<V>(weights + f * s.many + c);
        for (int p = 0; p < kPixels; ++p) {
          const V pixel = pixels[p] != nullptr ? load<V>(pixels[p] + c) : V{};
          for (int f = 0; f < kFew; ++f) sums[p][f] += pixel * weight[f];
        }
      }
    }

    // What one row of m brings to pixels of f from `column` on, of which `count` exist.
    inline void add_row(const ThinShape& s, const float* row, const float* filter,
                        std::int64_t column, std::int64_t count) {
      const Meetings columns(s, column);
      for (int b = 0; b < columns.count; ++b) {
        const float* pixels[kPixels];
        for (int p = 0; p < kPixels; ++p) {
          const std::int64_t j = columns.all[b].place + p;
          const bool exists = p < count && j >= 0 && j < s.columns;
          pixels[p] = exists ? row + j * s.many : nullptr;
        }
        add(s, pixels, filter + columns.all[b].tap * s.few * s.many);
      }
    }
  };

  template <int kFew>
  static inline void contract_pixels(const ThinShape& s, const ThinArguments& all, std::int64_t row,
                                     std::int64_t column) {
    using Sums = PixelSums<kFew>;
    const std::int64_t count = s.columns - column / s.stride;
    const Meetings rows(s, row);
    Sums found;
    for (int a = 0; a < rows.count; ++a) {
      const auto& [tap, place] = rows.all[a];
      if (place < 0 || place >= s.rows) continue;
      found.add_row(s, all.m + place * many_row(s), all.w + tap * s.taps() * s.few * s.many, column,
                    count);
    }
    float* to = all.f + (row * s.stride * s.columns + column) * kFew;
    for (int p = 0; p < Sums::kPixels && p < count; ++p) {
      for (int f = 0; f < kFew; ++f) to[p * s.stride * kFew + f] = sum_of(found.sums[p][f]);
    }
  }

  template <int kFew>
  static void contract_image(const ThinShape& s, const ThinArguments& all) {
    const std::int64_t step = PixelSums<kFew>::kPixels * s.stride;
    for (std::int64_t row = 0; row < s.stride * s.rows; ++row) {
      for (std::int64_t phase = 0; phase < s.stride; ++phase) {
        for (std::int64_t column = phase; column < s.stride * s.columns; column += step) {
          contract_pixels<kFew>(s, all, row, column);
        }
      }
    }
  }

  static void contract(const ThinShape& s, const ThinArguments& all, std::int64_t image) {
    ThinArguments from = all;
    from.m += image * s.rows * many_row(s);
    from.f += image * s.stride * s.rows * s.stride * s.columns * s.few;
    if (s.few == 1) contract_image<1>(s, from);
    if (s.few == 2) contract_image<2>(s, from);
    if (s.few == 3) contract_image<3>(s, from);
    if (s.few == 4) contract_image<4>(s, from);
  }

  // kRows rows of kTaps taps, for one channel of f and a vector of m's.
  template <int kTaps, int kRows>
  struct FilterSums {
    V sums[kRows][kTaps] = {};

    inline void add(const ThinShape& s, const float* padded, V pixel) {
#pragma GCC unroll 4
      for (int u = 0; u < kRows; ++u) {
#pragma GCC unroll 4
        for (int v = 0; v < kTaps; ++v) sums[u][v] += padded[u * padded_row(s) + v * s.few] * pixel;
      }
    }

    void write(const ThinShape& s, float* filter, bool first) const {
      for (int tap = 0; tap < kRows * kTaps; ++tap, filter += s.few * s.many) {
        const V sum = sums[tap / kTaps][tap % kTaps];
        store(filter, first ? sum : load<V>(filter) + sum);
      }
    }
  };

  template <int kTaps, int kRows>
  static inline void filter_rows(const ThinShape& s, const ThinArguments& from) {
    for (std::int64_t n = 0; n < s.images; ++n) {
      FilterSums<kTaps, kRows> found;
      for (std::int64_t i = 0; i < s.rows; ++i) {
        const float* padded = from.f + n * padded_image(s) + i * s.stride * padded_row(s);
        const float* pixel = from.m + (n * s.rows + i) * many_row(s);
        for (std::int64_t j = 0; j < s.columns; ++j) {
          found.add(s, padded + j * s.stride * s.few, load<V>(pixel + j * s.many));
        }
      }
      found.write(s, from.w, n == 0);
    }
  }

  static void filter_gradient(const ThinShape& s, const ThinArguments& all, std::int64_t channel) {
    constexpr int kRowsOfFour = kLanes == 16 ? 4 : 2;  // as many sums as registers hold
    for (std::int64_t c = channel; c < channel + kManyChannels; c += kLanes) {
      for (std::int64_t f = 0; f < s.few; ++f) {
        ThinArguments from = {.f = all.f + f, .w = all.w + f * s.many + c, .m = all.m + c};
        if (s.taps() == 3) filter_rows<3, 3>(s, from);
        for (std::int64_t u = 0; s.taps() == 4 && u < 4; u += kRowsOfFour) {
          filter_rows<4, kRowsOfFour>(s, from);
          from.f += kRowsOfFour * padded_row(s);
          from.w += kRowsOfFour * 4 * s.few * s.many;
        }
      }
    }
  }

  static constexpr ThinKernels kKernels = {
      .expand = expand, .contract = contract, .filter_gradient = filter_gradient};
};

}  // namespace
}  // namespace assay
