// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "core/error.h"

namespace assay {

/// Whether anything (a file, a folder) is there, links followed; a link to nothing is nothing.
/// These throw Error naming the path where that cannot be told: a link that leads to itself, a
/// folder that is closed to this user.
bool path_exists(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// Whether a device or a pipe is there: what is written to it goes through, and nothing can take
/// its place. What cannot be told is none.
bool is_stream(const std::filesystem::path& path);

/// Makes a folder, and those above it that are not there. Throws Error (exit `code`) naming it.
void make_folder(const std::filesystem::path& folder, ExitCode code = ExitCode::kUsage);

/// Takes away what lies there, with all that lies in it; nothing is no error. For places that are
/// assay's own. Throws Error naming what stays.
void remove_tree(const std::filesystem::path& place);

/// What lies in a folder, sorted by name. Throws Error naming it if it cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

}  // namespace assay
