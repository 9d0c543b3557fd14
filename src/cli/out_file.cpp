// SPDX-License-Identifier: Apache-2.0
#include "cli/out_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"

namespace assay {

void check_out_file(const std::filesystem::path& file) {
  if (file.empty()) return;
  if (file == "-")
    throw Error("-: is no name of a file; name one, or /dev/stdout to have it printed");
  if (is_folder(file))
    throw Error(fmt::format("{}: is a folder; name a file in it", file.string()));
  std::filesystem::path folder = absolute_path(file).parent_path();
  while (!path_exists(folder)) folder = folder.parent_path();
  if (!is_folder(folder)) {
    throw Error(fmt::format("{}: {} is a file, not a folder; name another place", file.string(),
                            folder.string()));
  }
  if (::access(folder.c_str(), W_OK) == 0) return;
  throw Error(fmt::format("{}: {} cannot be written: {}; name another place", file.string(),
                          folder.string(), std::strerror(errno)));
}

}  // namespace assay
