// SPDX-License-Identifier: Apache-2.0
#include "data/set_files.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/digest.h"
#include "core/error.h"

namespace assay {

std::vector<std::filesystem::path> candidate_folders(const DatasetRequest& request,
                                                     std::string_view own,
                                                     const std::filesystem::path& otherwise) {
  if (!request.path.empty()) return {request.path};
  std::vector<std::filesystem::path> folders;
  const char* data = std::getenv("ASSAY_DATA");
  if (data != nullptr && *data != '\0') folders = {std::filesystem::path(data) / own, data};
  if (!otherwise.empty()) folders.push_back(otherwise);
  return folders;
}

std::filesystem::path require_file(const SetFiles& set, const std::filesystem::path& file) {
  std::error_code problem;
  if (std::filesystem::is_regular_file(file, problem)) return file;
  throw Error(fmt::format("{}: no such file ({}); {}", file.string(), set.title, set.how_to_get));
}

std::filesystem::path require_digest(const SetFiles& set, const std::filesystem::path& file,
                                     std::string_view sha256) {
  const std::string digest = sha256_of_file(require_file(set, file));
  if (digest == sha256) return file;
  throw Error(fmt::format("{}: is not the file of {}: SHA-256 {} instead of {}; {}", file.string(),
                          set.title, digest, sha256, set.how_to_get));
}

}  // namespace assay
