// SPDX-License-Identifier: Apache-2.0
#include "data/fetched_files.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/paths.h"

namespace assay {
namespace {

std::vector<std::filesystem::path> folders_of(const FetchedSet& set,
                                              const DatasetRequest& request) {
  return candidate_folders(request, set.name, cache_folder() / "data" / set.name);
}

}  // namespace

std::optional<std::filesystem::path> locate_fetched(const FetchedSet& set,
                                                    const DatasetRequest& request) {
  std::error_code problem;
  for (const auto& folder : folders_of(set, request)) {
    if (std::filesystem::exists(folder / set.first_file, problem)) return folder;
  }
  return std::nullopt;
}

std::filesystem::path fetched_folder(const FetchedSet& set, const DatasetRequest& request) {
  return locate_fetched(set, request).value_or(folders_of(set, request).back());
}

SetFiles files_of(const FetchedSet& set) {
  return {
      std::string(set.name),
      fmt::format("get it with `ci/setup --data {}`, or name its folder in dataset.path", set.name),
  };
}

}  // namespace assay
