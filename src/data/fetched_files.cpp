// SPDX-License-Identifier: Apache-2.0
#include "data/fetched_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "core/paths.h"

namespace assay {
namespace {

std::vector<std::filesystem::path> candidate_folders(const FetchedSet& set,
                                                     const DatasetRequest& request) {
  if (!request.path.empty()) return {request.path};
  std::vector<std::filesystem::path> folders;
  const char* data = std::getenv("ASSAY_DATA");
  if (data != nullptr && *data != '\0') {
    folders.push_back(std::filesystem::path(data) / set.name);
  }
  folders.push_back(cache_folder() / "data" / set.name);
  return folders;
}

}  // namespace

std::optional<std::filesystem::path> locate_fetched(const FetchedSet& set,
                                                    const DatasetRequest& request) {
  std::error_code problem;
  for (const auto& folder : candidate_folders(set, request)) {
    if (std::filesystem::exists(folder / set.first_file, problem)) return folder;
  }
  return std::nullopt;
}

std::filesystem::path fetched_folder(const FetchedSet& set, const DatasetRequest& request) {
  return locate_fetched(set, request).value_or(candidate_folders(set, request).back());
}

std::string how_to_fetch(const FetchedSet& set) {
  return fmt::format("get it with `ci/setup --data {}`, or name its folder in dataset.path",
                     set.name);
}

void require_file(const FetchedSet& set, const std::filesystem::path& file) {
  std::error_code problem;
  if (std::filesystem::is_regular_file(file, problem)) return;
  throw Error(
      fmt::format("{}: no such file (of {}); {}", file.string(), set.name, how_to_fetch(set)));
}

void require_digest(const FetchedSet& set, const std::filesystem::path& file,
                    std::string_view sha256) {
  require_file(set, file);
  const std::string digest = sha256_of_file(file);
  if (digest == sha256) return;
  throw Error(fmt::format("{}: is not the file of {}: SHA-256 {} instead of {}; {}", file.string(),
                          set.name, digest, sha256, how_to_fetch(set)));
}

}  // namespace assay
