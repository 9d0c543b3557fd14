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

/// Copies a file over what has its new name. Throws Error naming both.
void duplicate_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Gives a file another name on the same disk, over a file that has it. Throws Error naming both.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Takes a file away; nothing is no error. Throws Error naming it if it is a folder, or stays.
void remove_file(const std::filesystem::path& file);

/// Replaces a file durably: temporary file beside it, fsync, rename, fsync of the folder. After a
/// crash the old or the new content is there, never a part. Of a link what it leads to is replaced;
/// a device or a pipe is written to. Creates missing parent folders. Throws Error (exit 3) naming
/// the file.
void write_file_atomically(const std::filesystem::path& file, std::string_view content);

}  // namespace assay
