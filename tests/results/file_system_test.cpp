// SPDX-License-Identifier: Apache-2.0
#include "results/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdlib>

#include "core/error.h"
#include "results/database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Of the kernel's own header; those that are not in it as their sources have them.
TEST(FileSystemType, KnowsLocalOnes) {
  constexpr std::uint32_t kZfs = 0x2FC12FC1;       // openzfs include/sys/fs/zfs.h
  constexpr std::uint32_t kBcachefs = 0xCA451A4E;  // fs/bcachefs/bcachefs_format.h
  constexpr std::uint32_t kJfs = 0x3153464A;       // fs/jfs/jfs_superblock.h
  constexpr std::uint32_t kNtfs3 = 0x7366746E;     // fs/ntfs3/super.c
  for (const std::uint32_t magic :
       {std::uint32_t{EXT4_SUPER_MAGIC}, std::uint32_t{XFS_SUPER_MAGIC},
        std::uint32_t{BTRFS_SUPER_MAGIC}, std::uint32_t{F2FS_SUPER_MAGIC},
        std::uint32_t{TMPFS_MAGIC}, std::uint32_t{RAMFS_MAGIC},
        std::uint32_t{OVERLAYFS_SUPER_MAGIC}, std::uint32_t{REISERFS_SUPER_MAGIC},
        std::uint32_t{MSDOS_SUPER_MAGIC}, kZfs, kBcachefs, kJfs, kNtfs3}) {
    EXPECT_TRUE(file_system_type(magic).local) << std::hex << magic;
  }
}

TEST(FileSystemType, TakesNoOtherForLocal) {
  constexpr std::uint32_t kLustre = 0x0BD00BD0;  // lustre include/uapi/linux/lustre/lustre_user.h
  constexpr std::uint32_t kGpfs = 0x47504653;    // "GPFS" (coreutils src/stat.c)
  constexpr std::uint32_t kBeegfs = 0x19830326;  // client_module/source/common/Common.h
  for (const std::uint32_t magic :
       {std::uint32_t{NFS_SUPER_MAGIC}, std::uint32_t{SMB_SUPER_MAGIC}, std::uint32_t{0xFF534D42},
        std::uint32_t{0xFE534D42}, std::uint32_t{CEPH_SUPER_MAGIC}, std::uint32_t{AFS_SUPER_MAGIC},
        std::uint32_t{AFS_FS_MAGIC}, std::uint32_t{CODA_SUPER_MAGIC}, std::uint32_t{V9FS_MAGIC},
        std::uint32_t{FUSE_SUPER_MAGIC}, std::uint32_t{OCFS2_SUPER_MAGIC},
        std::uint32_t{PROC_SUPER_MAGIC}, std::uint32_t{0x12345678}, kLustre, kGpfs, kBeegfs}) {
    EXPECT_FALSE(file_system_type(magic).local) << std::hex << magic;
  }
  EXPECT_EQ(file_system_type(kLustre).name, "Lustre");
  EXPECT_EQ(file_system_type(0x12345678).name, "of type 0x12345678");
}

class TrustedFileSystem {
 public:
  TrustedFileSystem() { ::setenv("ASSAY_TRUST_FILESYSTEM", "1", 1); }
  ~TrustedFileSystem() { ::unsetenv("ASSAY_TRUST_FILESYSTEM"); }
};

// /proc is on every machine and no disk.
TEST(LocalFileSystem, IsWhereADatabaseMustLieUnlessItIsTrusted) {
  EXPECT_THAT([] { require_local_file_system("/proc/x.sqlite"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("/proc/x.sqlite: lies on a file system"),
                                         HasSubstr("of type 0x9fa0"), HasSubstr("--db"),
                                         HasSubstr("ASSAY_TRUST_FILESYSTEM=1"))));
  const TrustedFileSystem trust;
  EXPECT_NO_THROW(require_local_file_system("/proc/x.sqlite"));
}

TEST(LocalFileSystem, OfALinkIsThatOfWhatItPointsTo) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/proc/version", folder / "a.sqlite");
  EXPECT_THAT([&] { Database::open_for_writing(folder / "a.sqlite"); },
              ThrowsMessage<Error>(HasSubstr("not known to be local")));
}

TEST(LocalFileSystem, IsThatOfTheLocksOfItsRunsToo) {
  const TemporaryFolder folder;
  std::filesystem::create_directory_symlink("/proc/self", checkpoints_folder(folder / "a.sqlite"));
  EXPECT_THAT([&] { require_local_file_system(folder / "a.sqlite"); },
              ThrowsMessage<Error>(HasSubstr("not known to be local")));
}

}  // namespace
}  // namespace assay
