// SPDX-License-Identifier: Apache-2.0
#include "core/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

fs::file_type type_of(const fs::path& path) {
  std::error_code problem;
  const auto type = fs::status(path, problem).type();
  if (type != fs::file_type::none) return type;
  const bool loop = problem == std::errc::too_many_symbolic_link_levels;
  throw Error(fmt::format("{}: {} ({})", path.string(),
                          loop ? "a link that leads back to itself; take it out"
                               : "cannot be looked at; open it to this user or name another place",
                          problem.message()));
}

}  // namespace

bool path_exists(const fs::path& path) { return type_of(path) != fs::file_type::not_found; }

bool is_file(const fs::path& path) { return type_of(path) == fs::file_type::regular; }

bool is_folder(const fs::path& path) { return type_of(path) == fs::file_type::directory; }

bool is_stream(const fs::path& path) {
  std::error_code problem;
  const auto status = fs::status(path, problem);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

void make_folder(const fs::path& folder, ExitCode code) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem) return;
  throw Error(fmt::format("{}: the folder cannot be made: {}; name another place", folder.string(),
                          problem.message()),
              code);
}

void remove_tree(const fs::path& place) {
  std::error_code problem;
  fs::remove_all(place, problem);
  if (!problem) return;
  throw Error(
      fmt::format("{}: cannot be taken away: {}; remove it", place.string(), problem.message()));
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code problem;
  // A range-based loop would throw what the second argument is there to catch.
  for (auto entry = fs::directory_iterator(folder, problem);
       !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
    entries.push_back(entry->path());
  }
  if (problem) {
    throw Error(
        fmt::format("{}: the folder cannot be read ({}); open it to this user or name "
                    "another one",
                    folder.string(), problem.message()));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace assay
