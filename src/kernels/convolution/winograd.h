// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// Winograd's minimal filtering (Winograd 1980; Lavin & Gray 2016, "Fast Algorithms for
/// Convolutional Neural Networks"). In one dimension F(4, r) gives the m = 4 correlations
///   y_i = Σ_u w_u d_{i+u},  u < r,  as  y = Aᵀ [(G w) ⊙ (Bᵀ d)]
/// with α = r + 3 products instead of 4r; in two dimensions Y = Aᵀ [Σ_c (G w_c Gᵀ) ⊙ (Bᵀ d_c B)] A,
/// and the α² sums over channels are products of matrices [tiles,C]·[C,K]. Its points:
///   r = 3: 0, ±1, ±2, ∞ (α = 6; 36 products for 144)
///   r = 2: 0, ±1, 2, ∞  (α = 5; 25 products for 64)
/// In f32 the result is 6 to 10 times coarser than a direct sum: about 1e-5 relative.
///
/// The operators work on blocks of tiles. An image is NHWC; a tile is 4×4 outputs.

/// Channels are read and written 16 at a time.
inline constexpr std::int64_t kWinogradChannels = 16;

/// Pixels of images in memory, of which rows [row_begin, row_end) and columns [column_begin,
/// column_end) exist, at least one of each; what lies beyond reads as 0 and is not written. The
/// strides, in numbers, let a view skip every other pixel; `data` is where pixel (0,0) is or would
/// be.
struct PixelView {
  float* data = nullptr;
  std::int64_t image_stride = 0, row_stride = 0, column_stride = 0;
  std::int64_t row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;
};

/// Tiles [begin, begin + count) of images that have rows × columns tiles each.
struct TileBlock {
  std::int64_t rows = 0, columns = 0;
  std::int64_t begin = 0, count = 0;
};

/// α² matrices one after another: element (r, c) of matrix e is at data[e·stride + r·width + c].
struct Planes {
  float* data = nullptr;
  std::int64_t stride = 0, width = 0;
};

/// The same matrices without their first `row` rows. Never a function of its own, which a file for
/// wide vectors could leave to the others.
[[gnu::always_inline]] inline Planes from_row(const Planes& planes, std::int64_t row) {
  return {planes.data + row * planes.width, planes.stride, planes.width};
}

/// Filters w_{uv} in memory: tap (u, v) from input i to output o is at
/// data[o·out_stride + i·in_stride + u·row_stride + v·column_stride]. Negative strides turn them
/// round.
struct FilterView {
  float* data = nullptr;
  std::int64_t out_stride = 0, in_stride = 0, row_stride = 0, column_stride = 0;
};

/// The operators for one r and one vector unit. Channel counts are multiples of 16 throughout.
struct WinogradKernels {
  std::int64_t points = 0;  ///< α
  /// Bᵀ d B of each tile's α×α pixels from (4i, 4j) on, into the first `channels` columns of `out`.
  void (*transform_input)(const PixelView& view, const TileBlock& tiles, std::int64_t channels,
                          const Planes& out);
  /// A g Aᵀ of each tile's 4×4 pixels: the adjoint of transform_output.
  void (*transform_output_gradient)(const PixelView& view, const TileBlock& tiles,
                                    std::int64_t channels, const Planes& out);
  /// Aᵀ m A + bias to each tile's 4×4 pixels; `bias` [channels] may be null.
  void (*transform_output)(const Planes& in, const TileBlock& tiles, std::int64_t channels,
                           const float* bias, const PixelView& view);
  /// G w Gᵀ of the filters to 16 outputs from `out` on, a row of 16 per input.
  void (*transform_filter)(const FilterView& filter, std::int64_t in_channels, std::int64_t out,
                           const Planes& packed);
  /// Gᵀ m G of α² matrices [in_channels, out channels], for 16 outputs from `out` on: the adjoint
  /// of transform_filter.
  void (*transform_filter_gradient)(const Planes& in, std::int64_t in_channels, std::int64_t out,
                                    const FilterView& filter);
  /// out = in · packed for matrix `point`: [count,I] · [I,O], with packed [O/16][I][16].
  void (*multiply)(const Planes& in, std::int64_t point, std::int64_t count, const Planes& packed,
                   const Planes& out);
  /// sum = xᵀ · y, or sum += xᵀ · y, for matrix `point`: [I,count] · [count,O].
  void (*accumulate)(const Planes& x, const Planes& y, std::int64_t point, std::int64_t count,
                     bool add, const Planes& sum);
};

/// The operators for filters of `taps` (2 or 3), or null if `unit` has none.
const WinogradKernels* winograd_kernels(int taps, VectorUnit unit);

}  // namespace assay
