// SPDX-License-Identifier: Apache-2.0
#pragma once

// The operators of winograd.h for vectors of kLanes floats. Included only by files compiled for one
// vector unit each: everything is internal to them, so that no function built for wide vectors is
// linked where they do not exist.

#include "kernels/convolution/winograd.h"
#include "kernels/convolution/winograd_schemes.h"
#include "kernels/pointwise/float_vectors.h"

namespace assay {
namespace {

// Where tile `index` begins: its image, and its first output row and column.
struct TileOrigin {
  std::int64_t image, row, column;
};

inline TileOrigin origin(const TileBlock& tiles, std::int64_t index) {
  const std::int64_t in_image = index % (tiles.rows * tiles.columns);
  return {index / (tiles.rows * tiles.columns), in_image / tiles.columns * 4,
          in_image % tiles.columns * 4};
}

// One vector of the kSide × kSide pixels from `from` on; zeros beyond the view.
template <int kSide, class V>
inline void load_pixels(const PixelView& view, const TileOrigin& from, std::int64_t channel,
                        V* pixels) {
  const float* base = view.data + from.image * view.image_stride + channel;
  const bool inside = from.row >= view.row_begin && from.row + kSide <= view.row_end &&
                      from.column >= view.column_begin && from.column + kSide <= view.column_end;
  for (int i = 0; i < kSide; ++i) {
    const std::int64_t row = from.row + i;
    const float* line = base + row * view.row_stride;
    for (int j = 0; j < kSide; ++j) {
      const std::int64_t column = from.column + j;
      const bool exists = inside || (row >= view.row_begin && row < view.row_end &&
                                     column >= view.column_begin && column < view.column_end);
      pixels[i * kSide + j] = exists ? load<V>(line + column * view.column_stride) : V{};
    }
  }
}

template <class Scheme, int kLanes>
struct Tiles {
  using V = Vector<kLanes>;
  static constexpr int kPoints = Scheme::kPoints;
  static constexpr int kTaps = Scheme::kTaps;
  static constexpr int kSquare = kPoints * kPoints;
  static constexpr int kPanel = static_cast<int>(kWinogradChannels);
  static constexpr int kVectors = kPanel / kLanes;  // in a panel's row
  static constexpr int kRows = kLanes == 16 ? 12 : 6;

  static void transform_input(const PixelView& view, const TileBlock& tiles, std::int64_t channels,
                              const Planes& out) {
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto from = origin(tiles, tiles.begin + t);
      float* row = out.data + t * out.width;
      for (std::int64_t c = 0; c < channels; c += kLanes) {
        V pixels[kSquare], half[kSquare], done[kSquare];
        load_pixels<kPoints>(view, from, c, pixels);
        for (int j = 0; j < kPoints; ++j) {
          Scheme::template input<kPoints, kPoints>(pixels + j, half + j);
        }
        for (int i = 0; i < kPoints; ++i) {
          Scheme::template input<1, 1>(half + i * kPoints, done + i * kPoints);
        }
        for (int e = 0; e < kSquare; ++e) store(row + e * out.stride + c, done[e]);
      }
    }
  }

  static void transform_output_gradient(const PixelView& view, const TileBlock& tiles,
                                        std::int64_t channels, const Planes& out) {
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto from = origin(tiles, tiles.begin + t);
      float* row = out.data + t * out.width;
      for (std::int64_t c = 0; c < channels; c += kLanes) {
        V pixels[16], half[4 * kPoints], done[kSquare];
        load_pixels<4>(view, from, c, pixels);
        for (int j = 0; j < 4; ++j) Scheme::template output_gradient<4, 4>(pixels + j, half + j);
        for (int i = 0; i < kPoints; ++i) {
          Scheme::template output_gradient<1, 1>(half + i * 4, done + i * kPoints);
        }
        for (int e = 0; e < kSquare; ++e) store(row + e * out.stride + c, done[e]);
      }
    }
  }

  static void transform_output(const Planes& in, const TileBlock& tiles, std::int64_t channels,
                               const float* bias, const PixelView& view) {
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto to = origin(tiles, tiles.begin + t);
      const std::int64_t rows = view.row_end - to.row < 4 ? view.row_end - to.row : 4;
      const std::int64_t columns =
          view.column_end - to.column < 4 ? view.column_end - to.column : 4;
      float* pixel = view.data + to.image * view.image_stride + to.row * view.row_stride +
                     to.column * view.column_stride;
      const float* row = in.data + t * in.width;
      for (std::int64_t c = 0; c < channels; c += kLanes) {
        V points[kSquare], half[4 * kPoints], done[16];
        for (int e = 0; e < kSquare; ++e) points[e] = load<V>(row + e * in.stride + c);
        for (int j = 0; j < kPoints; ++j) {
          Scheme::template output<kPoints, kPoints>(points + j, half + j);
        }
        for (int i = 0; i < 4; ++i) Scheme::template output<1, 1>(half + i * kPoints, done + i * 4);
        const V shift = bias != nullptr ? load<V>(bias + c) : V{};
        for (std::int64_t i = 0; i < rows; ++i) {
          for (std::int64_t j = 0; j < columns; ++j) {
            store(pixel + i * view.row_stride + j * view.column_stride + c,
                  done[i * 4 + j] + shift);
          }
        }
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
