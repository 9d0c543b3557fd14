// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace assay {

/// What an IDX file must hold: its dimension count is the last byte of its magic number.
enum class IdxKind { kLabels = 1, kImages = 3 };

/// Reads an IDX file of unsigned bytes, gzip'd or plain: big-endian magic 0x00000801 (labels) or
/// 0x00000803 (images), one u32 per dimension, then the bytes. Returns [N] i64 in 0…255, or
/// [N,1,H,W] u8. Never allocates more than the header declares nor inflates a byte more than that.
/// Throws Error naming the file for a wrong magic number, an impossible size, missing or excess
/// data or a failed checksum.
at::Tensor read_idx(const std::filesystem::path& file, IdxKind kind);

}  // namespace assay
