// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace assay {

/// The checkout this program was built from (holds experiments/, metrics/, results/); ASSAY_HOME
/// overrides it.
std::filesystem::path project_root();

/// Where set-up keeps what it fetched and converted (weights/…): ASSAY_CACHE, else ~/.cache/assay.
std::filesystem::path cache_folder();

/// Whether something lies there, links followed. Throws Error (exit 2) where that cannot be told: a
/// folder that is closed to us, links in a circle, a name too long.
bool is_there(const std::filesystem::path& place);

/// Throws Error (exit 2) if the path is relative and the current folder is gone.
std::filesystem::path absolute_path(const std::filesystem::path& given);

}  // namespace assay
