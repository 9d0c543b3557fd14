// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace assay {

/// Whole content of a file. Throws Error if it is missing, unreadable or longer than max_bytes.
std::string read_file(const std::filesystem::path& file,
                      std::size_t max_bytes = std::size_t{1} << 30);

/// Replaces a file durably: temporary file beside it, fsync, rename, fsync of the folder. After a
/// crash the old or the new content is there, never a part. Creates missing parent folders. Throws
/// Error (exit 3) naming the file.
void write_file_atomically(const std::filesystem::path& file, std::string_view content);

}  // namespace assay
