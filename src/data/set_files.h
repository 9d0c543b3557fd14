// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace assay {

/// How a set's files are spoken of.
struct SetFiles {
  std::string title;       ///< "MNIST"
  std::string how_to_get;  ///< the end of each message below
};

/// Where a set's files may lie, first to last: request.path alone if it names a folder, else the
/// folder `own` of ASSAY_DATA, ASSAY_DATA itself, and `otherwise` unless that is empty. May be
/// none.
std::vector<std::filesystem::path> candidate_folders(const DatasetRequest& request,
                                                     std::string_view own,
                                                     const std::filesystem::path& otherwise = {});

/// The file. Throws Error unless it is there.
std::filesystem::path require_file(const SetFiles& set, const std::filesystem::path& file);

/// The same, and if its SHA-256 is another.
std::filesystem::path require_digest(const SetFiles& set, const std::filesystem::path& file,
                                     std::string_view sha256);

}  // namespace assay
