// SPDX-License-Identifier: Apache-2.0
#include "core/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class FolderTest : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_folder_test_" + std::to_string(getpid()));
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
};

TEST_F(FolderTest, TellsFilesFoldersAndNothingThroughLinks) {
  write_file_atomically(folder_ / "f", "x");
  fs::create_symlink("f", folder_ / "to_f");
  fs::create_directory_symlink(".", folder_ / "to_here");
  fs::create_symlink("nowhere", folder_ / "to_nothing");
  EXPECT_TRUE(is_file(folder_ / "f") && is_file(folder_ / "to_f"));
  EXPECT_TRUE(is_folder(folder_) && is_folder(folder_ / "to_here"));
  EXPECT_FALSE(is_file(folder_) || is_folder(folder_ / "f"));
  EXPECT_FALSE(path_exists(folder_ / "to_nothing") || path_exists(folder_ / "none"));
  // A file is no folder: nothing lies below it.
  EXPECT_FALSE(path_exists(folder_ / "f" / "below"));
}

TEST_F(FolderTest, SaysWhyAPlaceCannotBeLookedAt) {
  EXPECT_THAT([&] { path_exists(folder_ / std::string(300, 'x')); },
              ThrowsMessage<Error>(HasSubstr("File name too long")));
}

TEST_F(FolderTest, NamesALinkThatLeadsToItself) {
  fs::create_symlink("loop", folder_ / "loop");
  const auto said =
      ThrowsMessage<Error>(AllOf(HasSubstr("loop"), HasSubstr("leads back to itself")));
  EXPECT_THAT([&] { path_exists(folder_ / "loop"); }, said);
  EXPECT_THAT([&] { is_folder(folder_ / "loop" / "below"); }, said);
  EXPECT_THAT([&] { read_file(folder_ / "loop"); }, said);
}

TEST_F(FolderTest, ListsByNameWhateverItsEntriesAre) {
  for (const char* name : {"b", "a", "c"}) write_file_atomically(folder_ / name, "");
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(entries_of(folder_),
              ElementsAre(folder_ / "a", folder_ / "b", folder_ / "c", folder_ / "loop"));
  EXPECT_THAT([&] { entries_of(folder_ / "none"); },
              ThrowsMessage<Error>(HasSubstr("the folder cannot be read")));
}

TEST_F(FolderTest, IsMadeWithThoseAboveItUnlessAFileIsInTheWay) {
  make_folder(folder_ / "a" / "b");
  make_folder(folder_ / "a" / "b");
  EXPECT_TRUE(is_folder(folder_ / "a" / "b"));
  write_file_atomically(folder_ / "file", "x");
  fs::create_symlink("loop", folder_ / "loop");
  for (const char* name : {"file", "loop"}) {
    EXPECT_THAT([&] { make_folder(folder_ / name / "below"); },
                ThrowsMessage<Error>(AllOf(HasSubstr(name), HasSubstr("cannot be made"))));
  }
}

TEST_F(FolderTest, IsTakenAwayWithAllThatLiesInIt) {
  write_file_atomically(folder_ / "a" / "b" / "c", "x");
  remove_tree(folder_ / "a");
  remove_tree(folder_ / "a");
  EXPECT_FALSE(path_exists(folder_ / "a"));
  EXPECT_THAT([&] { remove_tree(folder_ / std::string(300, 'x')); },
              ThrowsMessage<Error>(HasSubstr("cannot be taken away")));
}

TEST_F(FolderTest, NamesAFolderThatIsClosed) {
  if (geteuid() == 0) GTEST_SKIP() << "no folder is closed to root";
  fs::create_directories(folder_ / "closed" / "in");
  fs::permissions(folder_ / "closed", fs::perms::none);
  EXPECT_THAT([&] { is_folder(folder_ / "closed" / "in"); },
              ThrowsMessage<Error>(HasSubstr("closed")));
  EXPECT_THAT([&] { entries_of(folder_ / "closed"); }, ThrowsMessage<Error>(HasSubstr("closed")));
  fs::permissions(folder_ / "closed", fs::perms::owner_all);
}

}  // namespace
}  // namespace assay
