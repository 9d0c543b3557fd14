// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace assay {

/// Decodes a JPEG to [C,H,W] u8, C = 1 for grey and 3 otherwise, with the accurate integer DCT, so
/// that every machine sees the same pixels, turned upright as its EXIF orientation says. Throws
/// Error naming `label` for data that are damaged or cut short, sides over kMaxImageSide, or CMYK;
/// what libjpeg only warns of passes where no pixel depends on it.
at::Tensor decode_jpeg(std::string_view bytes, const std::string& label);

}  // namespace assay
