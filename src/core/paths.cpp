// SPDX-License-Identifier: Apache-2.0
#include "core/paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <system_error>

#include "core/error.h"

namespace assay {

std::filesystem::path project_root() {
  const char* home = std::getenv("ASSAY_HOME");
  return home != nullptr && *home != '\0' ? home : ASSAY_SOURCE_DIR;
}

std::filesystem::path cache_folder() {
  const char* cache = std::getenv("ASSAY_CACHE");
  if (cache != nullptr && *cache != '\0') return cache;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/root") / ".cache" / "assay";
}

std::filesystem::path absolute_path(const std::filesystem::path& given) {
  std::error_code problem;
  auto absolute = std::filesystem::absolute(given, problem);
  if (!problem) return absolute;
  throw Error(
      fmt::format("{}: the current folder cannot be told: {}; change to one that is there, "
                  "or give a whole path",
                  given.string(), problem.message()));
}

std::filesystem::path without_links(const std::filesystem::path& given) {
  const auto absolute = absolute_path(given).lexically_normal();
  std::error_code problem;
  const auto real = std::filesystem::weakly_canonical(absolute, problem);
  return problem || real == absolute ? given : real;
}

std::string ending_of(const std::filesystem::path& file) {
  auto ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

}  // namespace assay
