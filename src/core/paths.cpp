// SPDX-License-Identifier: Apache-2.0
#include "core/paths.h"

#include <cstdlib>

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

}  // namespace assay
