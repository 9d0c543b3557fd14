// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/dataset.h"

namespace assay {

/// The factor grid of 3D Shapes (Burgess & Kim 2018), 480,000 places: floor_hue, wall_hue and
/// object_hue (10 each, tenths of the colour circle from red), scale (8, 3/4 to 5/4), shape (0
/// cube, 1 cylinder, 2 sphere, 3 capsule), orientation (15, −30° to 30° in steps of 60°/14).
const std::vector<Factor>& shape_factors();

/// One object in a room for each row of factors [N,6] i64: [N,3,size,size] u8, size 32 or 64, 2 × 2
/// samples a pixel. The room and what is in it turn by the orientation before a camera that stands
/// still (shapes_scene.h). These are our own pictures of that grid, not those of 3D Shapes: no
/// number of theirs is comparable to the digit. Integers alone decide, so every machine draws the
/// same bits; all 480,000 pictures differ, at both sizes.
at::Tensor draw_shapes(const at::Tensor& factors, std::int64_t size);

/// What pictures show, of whatever pictures [N,3,size,size] u8: the factors [N,6] of the scene
/// whose picture, before it is rounded to bytes, is nearest (the sum of squared differences), among
/// all 480,000. Of a drawn scene these are its own.
at::Tensor read_shapes(const at::Tensor& images);

/// request.size 32 or 64 (default); request.count training images (default 20,000, at most 470,000)
/// and 10,000 other test images, drawn from the grid by the seed. Labels: the shape. Throws Error
/// for another size, channels other than 3, or a count outside 1 to 470,000.
Dataset load_shapes(const DatasetRequest& request);

}  // namespace assay
