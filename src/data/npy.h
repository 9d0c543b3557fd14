// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/npy_header.h"

namespace assay {

/// NumPy's .npy format (npy_header.h) of `bytes` bytes: numbers of every width and byte order, in C
/// or Fortran order. uint8, bool, float32 and float64 keep their types; other whole numbers become
/// i64, float16 f32. Throws Error naming `label` for another type, numbers above i64, a shape that
/// does not fit the data, or truncation.
at::Tensor read_npy(const ByteSource& read, std::uint64_t bytes, const std::string& label);
/// The same for bytes in memory.
at::Tensor from_npy(std::string_view bytes, const std::string& label);

/// Texts of one axis ("<U12"), as UTF-8. Throws Error as read_npy.
std::vector<std::string> read_npy_texts(const ByteSource& read, std::uint64_t bytes,
                                        const std::string& label);

/// The .npy content (version 1.0) of a u8, f32, f64 or i64 tensor.
std::string to_npy(const at::Tensor& tensor);

}  // namespace assay
