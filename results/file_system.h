// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace assay {

/// What statfs(2) says of a file system's type (linux/magic.h, statfs(2) and the file systems' own
/// sources).
struct FileSystemType {
  std::string name;    ///< "ext4", "NFS"; of an unknown one "of type 0x1234"
  bool local = false;  ///< known to lie on this machine's own disk or memory
};

/// Unknown types are not local: locks and shared memory hold between processes of one machine only
/// on file systems that are known to.
FileSystemType file_system_type(std::uint32_t magic);

/// Throws Error (exit 2) if the file, or the folder it would lie in, is on a file system that is
/// not known to be local, or if that cannot be found out. ASSAY_TRUST_FILESYSTEM=1 in the
/// environment lets everything pass.
void require_local_file_system(const std::filesystem::path& file);

}  // namespace assay
