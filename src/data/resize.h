// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace assay {

/// Brings [N,C,H,W] u8 images to size × size by bilinear interpolation with antialiasing of the
/// shorter side and a centre crop, rounded half to even; unchanged if they already fit or size is
/// 0.
at::Tensor resize_and_crop(const at::Tensor& images, std::int64_t size);

/// Converts [N,C,H,W] u8 images between grey and colour: luma (299 R + 587 G + 114 B) / 1000
/// (ITU-R BT.601) rounded to nearest, or three equal channels. Unchanged if channels is 0 or C.
at::Tensor convert_channels(const at::Tensor& images, std::int64_t channels);

/// Both of the above.
at::Tensor conform(const at::Tensor& images, std::int64_t size, std::int64_t channels);

/// Between which values all pixels of the images lie that were added to it.
struct PixelRange {
  std::int64_t smallest = 255, largest = 0;
  /// images: u8 of any shape, at least one pixel.
  void add(const at::Tensor& images);
  void add(const PixelRange& other);
};

/// Throws Error naming `label` if the largest of all its pixels is 1: bytes of 0 and 1 are masks,
/// or pictures of 0 to 1 that were cast, and as pictures of 0 to 255 they are all but black.
void refuse_zeros_and_ones(const PixelRange& range, const std::string& label);

/// What is to be said of pictures that show nothing, because all their pixels have one value, with
/// `label` before it; empty if they have not. A model that collapsed may draw such ones, so that
/// whoever reads them decides whether this is an error.
std::string blank_pictures(const PixelRange& range, const std::string& label);

/// What is to be said of pictures of which no pixel is brighter than 31 of 255: bytes of another
/// range (0 to 15, 0 to 16) look so. Empty if one is.
std::string dark_pictures(const PixelRange& range);

}  // namespace assay
