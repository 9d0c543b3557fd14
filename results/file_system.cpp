// SPDX-License-Identifier: Apache-2.0
#include "results/file_system.h"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "core/error.h"
#include "results/database.h"

namespace assay {
namespace {

struct Known {
  std::uint32_t magic;
  std::string_view name;
  bool local;
};

constexpr std::array kKnown = {
    Known{0xEF53, "ext4", true},
    Known{0x58465342, "xfs", true},
    Known{0x9123683E, "btrfs", true},
    Known{0x2FC12FC1, "zfs", true},
    Known{0xF2F52010, "f2fs", true},
    Known{0xCA451A4E, "bcachefs", true},
    Known{0x3153464A, "jfs", true},
    Known{0x52654973, "reiserfs", true},
    Known{0x3434, "nilfs", true},
    Known{0x24051905, "ubifs", true},
    Known{0x72B6, "jffs2", true},
    Known{0x01021994, "tmpfs", true},
    Known{0x858458F6, "ramfs", true},
    // Lies on others, but can write to local ones alone (Documentation/filesystems/overlayfs.rst).
    Known{0x794C7630, "overlayfs", true},
    Known{0x4D44, "vfat", true},
    Known{0x2011BAB0, "exfat", true},
    Known{0x7366746E, "ntfs3", true},
    Known{0x5346544E, "ntfs", true},
    Known{0x4244, "hfs", true},
    Known{0x482B, "hfs+", true},
    Known{0x15013346, "udf", true},
    Known{0x137F, "minix", true},
    Known{0x73717368, "squashfs", true},
    Known{0x9660, "iso9660", true},
    // Lies on any other.
    Known{0xF15F, "ecryptfs", false},
    Known{0x6969, "NFS", false},
    Known{0x517B, "SMB", false},
    Known{0xFF534D42, "CIFS", false},
    Known{0xFE534D42, "SMB2", false},
    Known{0x564C, "NCP", false},
    Known{0x5346414F, "AFS", false},
    Known{0x6B414653, "AFS", false},
    Known{0x73757245, "Coda", false},
    Known{0x00C36400, "Ceph", false},
    Known{0x0BD00BD0, "Lustre", false},
    Known{0x47504653, "GPFS", false},
    Known{0x19830326, "BeeGFS", false},
    Known{0x20030528, "OrangeFS", false},
    Known{0x01161970, "GFS2", false},
    Known{0x7461636F, "OCFS2", false},
    Known{0xAAD7AAEA, "PanFS", false},
    // Of a virtual machine's host, or of WSL's Windows: others write there without our locks.
    Known{0x01021997, "9p", false},
    Known{0x786F4256, "vboxsf", false},
    Known{0xBACBACBC, "vmhgfs", false},
    // sshfs, glusterfs, s3fs and virtiofs look the same from here as a local ntfs-3g.
    Known{0x65735546, "FUSE or virtiofs", false},
};

bool is_trusted() {
  const char* trust = std::getenv("ASSAY_TRUST_FILESYSTEM");
  return trust != nullptr && std::string_view(trust) == "1";
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(fmt::format(
      "{}: {}, where several writers could damage it; name a database on a local disk with --db "
      "and copy it afterwards, or set ASSAY_TRUST_FILESYSTEM=1 if no other machine ever uses it",
      file.string(), why));
}

}  // namespace

FileSystemType file_system_type(std::uint32_t magic) {
  for (const Known& known : kKnown) {
    if (known.magic == magic) return {std::string(known.name), known.local};
  }
  return {fmt::format("of type {:#x}", magic), false};
}

void require_local_file_system(const std::filesystem::path& file) {
  if (is_trusted()) return;
  // A file may be a link to elsewhere; its locks lie beside it, those of its runs in a folder that
  // may be one too.
  for (const auto& place : {file.parent_path(), file, checkpoints_folder(file)}) {
    struct statfs info {};
    if (::statfs(place.c_str(), &info) != 0) {
      if (place != file.parent_path() && errno == ENOENT) continue;
      if (errno == EACCES) {
        throw Error(
            fmt::format("{}: cannot be looked at (permission denied); open its folder, or name "
                        "another with --db",
                        place.string()));
      }
      refuse(file, fmt::format("its file system cannot be told ({})", std::strerror(errno)));
    }
    const auto type = file_system_type(static_cast<std::uint32_t>(info.f_type));
    if (type.local) continue;
    refuse(file,
           fmt::format("lies on a file system that is not known to be local ({})", type.name));
  }
}

}  // namespace assay
