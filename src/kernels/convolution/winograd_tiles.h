// SPDX-License-Identifier: Apache-2.0
#pragma once

// The operators of winograd.h for vectors of kLanes floats. Included only by files compiled for one
// vector unit each: everything is internal to them, so that no function built for wide vectors is
// linked where they do not exist.

#include "kernels/convolution/winograd.h"
#include "kernels/convolution/winograd_schemes.h"
#include "kernels/convolution/winograd_window.h"

namespace assay {
namespace {

template <class Scheme, int kLanes>
struct Tiles {
  using V = Vector<kLanes>;
  static constexpr int kPoints = Scheme::kPoints;
  static constexpr int kTaps = Scheme::kTaps;
  static constexpr int kSquare = kPoints * kPoints;
  static constexpr int kPanel = static_cast<int>(kWinogradChannels);
  static constexpr int kVectors = kPanel / kLanes;  // in a panel's row
  static constexpr int kRows = kLanes == 16 ? 12 : 6;

  // M d Mᵀ of a tile's kSide × kSide pixels, columns first.
  template <bool kInside, int kSide, class Transform>
  static inline void transform_tile(const Window<kSide, V>& window, std::int64_t channels,
                                    const Planes& out, const Transform& transform) {
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      V half[kPoints][kSide];
#pragma GCC unroll 8
      for (int j = 0; j < kSide; ++j) {
        V pixels[kSide], done[kPoints];
#pragma GCC unroll 8
        for (int i = 0; i < kSide; ++i) pixels[i] = window.template pixel<kInside>(i, j, c);
        transform(pixels, done);
#pragma GCC unroll 8
        for (int i = 0; i < kPoints; ++i) half[i][j] = done[i];
      }
#pragma GCC unroll 8
      for (int i = 0; i < kPoints; ++i) {
        V done[kPoints];
        transform(half[i], done);
#pragma GCC unroll 8
        for (int j = 0; j < kPoints; ++j) {
          store(out.data + (i * kPoints + j) * out.stride + c, done[j]);
        }
      }
    }
  }

  template <int kSide, class Transform>
  static inline void transform_tiles(const PixelView& view, const TileBlock& tiles,
                                     std::int64_t channels, const Planes& out,
                                     const Transform& transform) {
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const Window<kSide, V> window(view, origin(tiles, tiles.begin + t));
      if (window.inside()) {
        transform_tile<true>(window, channels, from_row(out, t), transform);
      } else {
        transform_tile<false>(window, channels, from_row(out, t), transform);
      }
    }
  }

  static void transform_input(const PixelView& view, const TileBlock& tiles, std::int64_t channels,
                              const Planes& out) {
    transform_tiles<kPoints>(view, tiles, channels, out,
                             [](const V* d, V* done) { Scheme::template input<1, 1>(d, done); });
  }

  static void transform_output_gradient(const PixelView& view, const TileBlock& tiles,
                                        std::int64_t channels, const Planes& out) {
    transform_tiles<4>(view, tiles, channels, out, [](const V* g, V* done) {
      Scheme::template output_gradient<1, 1>(g, done);
    });
  }

  // Where a tile's outputs go: `rows` × `columns` of its 4×4 pixels, from `pixel` on.
  struct Outputs {
    float* pixel;
    std::int64_t row_stride, column_stride, rows, columns;
    const float* bias;
  };

  // Aᵀ m A + bias of a tile, columns first; in whole or cut off.
  template <bool kWhole>
  static inline void transform_output_tile(const Planes& in, std::int64_t channels,
                                           const Outputs& to) {
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      V half[4][kPoints];
#pragma GCC unroll 8
      for (int j = 0; j < kPoints; ++j) {
        V points[kPoints], done[4];
#pragma GCC unroll 8
        for (int i = 0; i < kPoints; ++i) {
          points[i] = load<V>(in.data + (i * kPoints + j) * in.stride + c);
        }
        Scheme::template output<1, 1>(points, done);
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) half[i][j] = done[i];
      }
      const V shift = to.bias != nullptr ? load<V>(to.bias + c) : V{};
#pragma GCC unroll 4
      for (int i = 0; i < (kWhole ? 4 : to.rows); ++i) {
        V done[4];
        Scheme::template output<1, 1>(half[i], done);
#pragma GCC unroll 4
        for (int j = 0; j < (kWhole ? 4 : to.columns); ++j) {
          store(to.pixel + i * to.row_stride + j * to.column_stride + c, done[j] + shift);
        }
      }
    }
  }

  static void transform_output(const Planes& in, const TileBlock& tiles, std::int64_t channels,
                               const float* bias, const PixelView& view) {
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto at = origin(tiles, tiles.begin + t);
      const std::int64_t rows = view.row_end - at.row, columns = view.column_end - at.column;
      const Outputs to = {.pixel = view.data + at.image * view.image_stride +
                                   at.row * view.row_stride + at.column * view.column_stride,
                          .row_stride = view.row_stride,
                          .column_stride = view.column_stride,
                          .rows = rows < 4 ? rows : 4,
                          .columns = columns < 4 ? columns : 4,
                          .bias = bias};
      if (rows >= 4 && columns >= 4) {
        transform_output_tile<true>(from_row(in, t), channels, to);
      } else {
        transform_output_tile<false>(from_row(in, t), channels, to);
      }
    }
  }

  static void transform_filter(const FilterView& filter, std::int64_t in_channels, std::int64_t out,
                               const Planes& packed) {
    for (std::int64_t i = 0; i < in_channels; ++i) {
      float taps[kTaps * kTaps][kPanel];
      const float* from = filter.data + out * filter.out_stride + i * filter.in_stride;
      for (int o = 0; o < kPanel; ++o, from += filter.out_stride) {
        for (int u = 0; u < kTaps; ++u) {
          for (int v = 0; v < kTaps; ++v) {
            taps[u * kTaps + v][o] = from[u * filter.row_stride + v * filter.column_stride];
          }
        }
      }
      for (int o = 0; o < kPanel; o += kLanes) {
        V whole[kTaps * kTaps], half[kPoints * kTaps], done[kSquare];
        for (int k = 0; k < kTaps * kTaps; ++k) whole[k] = load<V>(taps[k] + o);
        for (int j = 0; j < kTaps; ++j) Scheme::template weight<kTaps, kTaps>(whole + j, half + j);
        for (int k = 0; k < kPoints; ++k) {
          Scheme::template weight<1, 1>(half + k * kTaps, done + k * kPoints);
        }
        for (int e = 0; e < kSquare; ++e) {
          store(packed.data + e * packed.stride + i * kPanel + o, done[e]);
        }
      }
    }
  }

  static void transform_filter_gradient(const Planes& in, std::int64_t in_channels,
                                        std::int64_t out, const FilterView& filter) {
    for (std::int64_t i = 0; i < in_channels; ++i) {
      float taps[kTaps * kTaps][kPanel];
      for (int o = 0; o < kPanel; o += kLanes) {
        V points[kSquare], half[kTaps * kPoints], done[kTaps * kTaps];
        for (int e = 0; e < kSquare; ++e) {
          points[e] = load<V>(in.data + e * in.stride + i * in.width + out + o);
        }
        for (int j = 0; j < kPoints; ++j) {
          Scheme::template weight_gradient<kPoints, kPoints>(points + j, half + j);
        }
        for (int k = 0; k < kTaps; ++k) {
          Scheme::template weight_gradient<1, 1>(half + k * kPoints, done + k * kTaps);
        }
        for (int k = 0; k < kTaps * kTaps; ++k) store(taps[k] + o, done[k]);
      }
      float* to = filter.data + out * filter.out_stride + i * filter.in_stride;
      for (int o = 0; o < kPanel; ++o, to += filter.out_stride) {
        for (int u = 0; u < kTaps; ++u) {
          for (int v = 0; v < kTaps; ++v) {
            to[u * filter.row_stride + v * filter.column_stride] = taps[u * kTaps + v][o];
          }
        }
      }
    }
  }

  // kCount rows of out = in · panel.
  template <int kCount>
  static inline void multiply_rows(const float* in, std::int64_t depth, const float* panel,
                                   float* out, std::int64_t out_width) {
    V sums[kCount][kVectors] = {};
    for (std::int64_t k = 0; k < depth; ++k, panel += kPanel) {
      V columns[kVectors];
      for (int v = 0; v < kVectors; ++v) columns[v] = load<V>(panel + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kCount; ++r) {
        const float value = in[r * depth + k];
        for (int v = 0; v < kVectors; ++v) sums[r][v] += value * columns[v];
      }
    }
    for (int r = 0; r < kCount; ++r) {
      for (int v = 0; v < kVectors; ++v) store(out + r * out_width + v * kLanes, sums[r][v]);
    }
  }

  template <int kCount>
  static inline void multiply_rest(std::int64_t rest, const float* in, std::int64_t depth,
                                   const float* panel, float* out, std::int64_t out_width) {
    if constexpr (kCount > 0) {
      if (rest == kCount) {
        multiply_rows<kCount>(in, depth, panel, out, out_width);
      } else {
        multiply_rest<kCount - 1>(rest, in, depth, panel, out, out_width);
      }
    }
  }

  static void multiply(const Planes& in, std::int64_t point, std::int64_t count,
                       const Planes& packed, const Planes& out) {
    const std::int64_t depth = in.width;
    const float* rows = in.data + point * in.stride;
    for (std::int64_t o = 0; o < out.width; o += kPanel) {
      const float* panel = packed.data + point * packed.stride + o * depth;
      float* to = out.data + point * out.stride + o;
      std::int64_t r = 0;
      for (; r + kRows <= count; r += kRows) {
        multiply_rows<kRows>(rows + r * depth, depth, panel, to + r * out.width, out.width);
      }
      multiply_rest<kRows - 1>(count - r, rows + r * depth, depth, panel, to + r * out.width,
                               out.width);
    }
  }

  // kCount rows of sum (+)= xᵀ · y over `count` rows of x and y.
  template <int kCount>
  static inline void accumulate_rows(const float* x, std::int64_t x_width, const float* y,
                                     std::int64_t y_width, std::int64_t count, bool add,
                                     float* sum) {
    V sums[kCount][kVectors] = {};
    for (int r = 0; add && r < kCount; ++r) {
      for (int v = 0; v < kVectors; ++v) sums[r][v] = load<V>(sum + r * y_width + v * kLanes);
    }
    for (std::int64_t t = 0; t < count; ++t, x += x_width, y += y_width) {
      V columns[kVectors];
      for (int v = 0; v < kVectors; ++v) columns[v] = load<V>(y + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kCount; ++r) {
        for (int v = 0; v < kVectors; ++v) sums[r][v] += x[r] * columns[v];
      }
    }
    for (int r = 0; r < kCount; ++r) {
      for (int v = 0; v < kVectors; ++v) store(sum + r * y_width + v * kLanes, sums[r][v]);
    }
  }

  static void accumulate(const Planes& x, const Planes& y, std::int64_t point, std::int64_t count,
                         bool add, const Planes& sum) {
    constexpr int kStep = kLanes == 16 ? 16 : 4;  // divides every channel count
    for (std::int64_t o = 0; o < y.width; o += kPanel) {
      for (std::int64_t i = 0; i < x.width; i += kStep) {
        accumulate_rows<kStep>(x.data + point * x.stride + i, x.width,
                               y.data + point * y.stride + o, y.width, count, add,
                               sum.data + point * sum.stride + i * y.width + o);
      }
    }
  }

  static constexpr WinogradKernels kKernels = {
      .points = kPoints,
      .transform_input = transform_input,
      .transform_output_gradient = transform_output_gradient,
      .transform_output = transform_output,
      .transform_filter = transform_filter,
      .transform_filter_gradient = transform_filter_gradient,
      .multiply = multiply,
      .accumulate = accumulate};
};

}  // namespace
}  // namespace assay
