// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace assay {

/// Decodes a binary PGM picture ("P5", netpbm) of 8 bits, 255 the white, to [1,H,W] u8. Comments in
/// the header are passed over. Throws Error naming `label` for another magic number, a header that
/// is no three positive numbers, another white, sides over kMaxImageSide, and too few or too many
/// bytes.
at::Tensor decode_pgm(std::string_view bytes, const std::string& label);

}  // namespace assay
