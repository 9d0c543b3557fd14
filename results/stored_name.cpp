// SPDX-License-Identifier: Apache-2.0
#include "results/stored_name.h"

#include <fmt/format.h>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::string_view kWordCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

bool is_plain(std::string_view name) {
  constexpr std::size_t kLongest = 150;
  if (name.empty() || name.size() > kLongest) return false;
  if (kWordCharacters.find(name.front()) == std::string_view::npos) return false;
  return name.find_first_not_of(std::string(kWordCharacters) + "-.+") == std::string_view::npos;
}

// Of a name from anywhere, what may be shown on a terminal.
std::string shown(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, 100)) text += c >= ' ' && c <= '~' ? c : '?';
  return text;
}

}  // namespace

std::string stored_file_name(const Database& database, std::string_view name) {
  if (is_plain(name)) return std::string(name);
  throw Error(fmt::format("{}: '{}' is not the name of a file that assay stores; the database is "
                          "damaged, restore a copy",
                          database.file().string(), shown(name)),
              ExitCode::kDamaged);
}

std::string artifact_file_name(const Database& database, const ArtifactName& artifact) {
  const std::string suffix = artifact.mime.substr(artifact.mime.rfind('/') + 1);
  return fmt::format("{}-{}.{}", stored_file_name(database, artifact.kind), artifact.images_seen,
                     stored_file_name(database, suffix));
}

}  // namespace assay
