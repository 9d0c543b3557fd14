// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace assay {

/// Orientation (tag 0x0112, 1 to 8) of an EXIF block, which is a TIFF header and its first folder
/// of tags (Exif 2.32, sec. 4.6); 1, which is upright, where none is given or the block is damaged.
int exif_orientation(std::string_view tiff);

/// A stored picture [C,H,W] as it is to be looked at: orientations 2 to 8 mirror or turn it.
at::Tensor upright(const at::Tensor& image, int orientation);

}  // namespace assay
