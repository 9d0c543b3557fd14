// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace assay {

/// Decodes a JPEG to [C,H,W] u8, C = 1 for grey and 3 otherwise, with the accurate integer DCT, so
/// that every machine sees the same pixels. Throws Error naming `label` for damaged or truncated
/// data, sides over kMaxImageSide, or CMYK.
at::Tensor decode_jpeg(std::string_view bytes, const std::string& label);

}  // namespace assay
