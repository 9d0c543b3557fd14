// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace assay {

using TensorMap = std::map<std::string, at::Tensor>;
using TensorMetadata = std::map<std::string, std::string>;

struct TensorFile {
  TensorMap tensors;  ///< on the CPU, contiguous
  TensorMetadata metadata;
};

/// The safetensors format: 8-byte little-endian header length, JSON header {"name": {"dtype",
/// "shape", "data_offsets"}, "__metadata__": {…}}, then the bytes. Types F32 F64 F16 BF16 I64 I32
/// U8 BOOL. Tensors lie in the order of their names without gaps.
std::string to_safetensors(const TensorMap& tensors, const TensorMetadata& metadata = {});

/// Parses the format. Throws Error naming `label` for a header over 8 MiB, an overlap, a gap, a bad
/// offset, an unknown type or truncated data. Never runs code of the file.
TensorFile from_safetensors(std::string_view bytes, const std::string& label);

/// Atomic write; returns the SHA-256 of the file's content.
std::string save_safetensors(const std::filesystem::path& file, const TensorMap& tensors,
                             const TensorMetadata& metadata = {});
TensorFile load_safetensors(const std::filesystem::path& file);

}  // namespace assay
