// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/dataset.h"

namespace assay {

/// The factor grid of dSprites (Matthey, Higgins, Hassabis & Lerchner 2017), 737,280 places: shape
/// (0 square, 1 ellipse, 2 heart), scale (0.5, 0.6, …, 1), orientation (2πk/39, k = 0…39), x and y
/// (32 places each, from left to right and from top to bottom). The pictures are our own: other
/// outlines, other places, so no number of theirs is comparable to the digit.
const std::vector<Factor>& sprite_factors();

/// One white sprite on black for each row of factors [N,5] i64: [N,1,size,size] u8 of 0 and 255,
/// size 32 or 64. A pixel is white if its centre lies in the sprite, decided by integers alone, so
/// that every machine draws the same bits.
///
/// Of 64: at scale 1 a square of 22 pixels, an ellipse of 31 × 15.5, a heart 29 wide and 26.5 high,
/// about the point (16⅛ + x, 16⅜ + y) pixels from the upper left corner; all turn counter-clockwise
/// about their centre (the heart about its centre of mass) and lie wholly inside the picture. A
/// step of x or y moves the same bits by one pixel, area grows with the square of the scale up to
/// rounding. Of 32: the same sprites sampled at every other place, two steps to a pixel.
///
/// Orientations 0 and 39 are one angle and give the same picture, as in dSprites' grid: [0, 2π]
/// with both ends. A square also looks the same after every quarter turn and an ellipse after every
/// half turn, but 39 steps to the circle hit no such angle, so at 64 no other two places of the
/// grid share their picture (718,848 different ones); at 32 many small sprites do (684,113
/// different).
at::Tensor draw_sprites(const at::Tensor& factors, std::int64_t size);

/// request.size 32 or 64 (default); request.count training images (default 60,000, at most
/// 720,000) and 10,000 test images, none of which is also a training image at size 64, drawn from
/// the grid by the seed. Labels: the shape. Throws Error for another size, channels other than 1,
/// or a count outside 1 to 720,000.
Dataset load_sprites(const DatasetRequest& request);

}  // namespace assay
