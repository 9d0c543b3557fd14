// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

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

}  // namespace assay
