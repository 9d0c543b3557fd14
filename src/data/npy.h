// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace assay {

/// NumPy's .npy format, versions 1.0 and 2.0, C order, types |u1 <f4 <f8 <i8: u8, f32, f64, i64
/// tensors. Throws Error naming `label` for another type or order, a shape that does not fit the
/// data, or truncation. Nothing of the header is evaluated.
at::Tensor from_npy(std::string_view bytes, const std::string& label);

/// The .npy content (version 1.0) of a u8, f32, f64 or i64 tensor.
std::string to_npy(const at::Tensor& tensor);

}  // namespace assay
