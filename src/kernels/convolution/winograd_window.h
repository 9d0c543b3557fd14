// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pixels under a tile of winograd.h. Included only by files compiled for one vector unit each:
// everything is internal to them.

#include "kernels/convolution/winograd.h"
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

// The kSide × kSide pixels that a tile reads. Those beyond the view are zeros: its nearest pixel
// under a mask, without a branch for each.
template <int kSide, class V>
class Window {
 public:
  Window(const PixelView& view, const TileOrigin& from)
      : inside_(from.row >= view.row_begin && from.row + kSide <= view.row_end &&
                from.column >= view.column_begin && from.column + kSide <= view.column_end) {
    const float* image = view.data + from.image * view.image_stride;
    for (std::int64_t i = 0; i < kSide; ++i) {
      const auto row = nearest(from.row + i, view.row_begin, view.row_end);
      const auto column = nearest(from.column + i, view.column_begin, view.column_end);
      lines_[i] = image + row * view.row_stride;
      columns_[i] = column * view.column_stride;
      row_masks_[i] = row == from.row + i ? -1 : 0;
      column_masks_[i] = column == from.column + i ? -1 : 0;
    }
  }
  bool inside() const { return inside_; }

  // A vector of pixel (i, j)'s channels.
  template <bool kInside>
  V pixel(int i, int j, std::int64_t channel) const {
    const V value = load<V>(lines_[i] + columns_[j] + channel);
    if constexpr (kInside) {
      return value;
    } else {
      const Bits bits = __builtin_bit_cast(Bits, value) & (row_masks_[i] & column_masks_[j]);
      return __builtin_bit_cast(V, bits);
    }
  }

 private:
  using Bits [[gnu::vector_size(sizeof(V))]] = int;

  static std::int64_t nearest(std::int64_t at, std::int64_t begin, std::int64_t end) {
    return at < begin ? begin : at >= end ? end - 1 : at;
  }

  bool inside_;
  const float* lines_[kSide];
  std::int64_t columns_[kSide];
  int row_masks_[kSide], column_masks_[kSide];
};

}  // namespace
}  // namespace assay
