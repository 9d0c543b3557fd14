// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace assay {

/// The checkout this program was built from (holds experiments/, metrics/, results/); ASSAY_HOME
/// overrides it.
std::filesystem::path project_root();

/// Where set-up keeps what it fetched and converted (weights/…): ASSAY_CACHE, else ~/.cache/assay.
std::filesystem::path cache_folder();

/// Throws Error (exit 2) if the path is relative and the current folder is gone.
std::filesystem::path absolute_path(const std::filesystem::path& given);

/// The file's own name where links lead to it, so that it has one for whoever locks it; else what
/// was given.
std::filesystem::path without_links(const std::filesystem::path& given);

/// The name's ending in lower case, as ".npz": Windows and cameras write ".NPZ" and ".JPG".
std::string ending_of(const std::filesystem::path& file);

}  // namespace assay
