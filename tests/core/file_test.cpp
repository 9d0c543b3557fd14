// SPDX-License-Identifier: Apache-2.0
#include "core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class FileTest : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_file_test_" + std::to_string(getpid()));
  void TearDown() override { fs::remove_all(folder_); }
};

TEST_F(FileTest, WritingReplacesTheContentAndLeavesNothingElse) {
  write_file_atomically(folder_ / "deep" / "a.txt", "old");
  write_file_atomically(folder_ / "deep" / "a.txt", std::string("new\0part", 8));
  EXPECT_EQ(read_file(folder_ / "deep" / "a.txt"), std::string("new\0part", 8));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "deep"), fs::directory_iterator()), 1);
}

TEST_F(FileTest, AFailedWriteKeepsTheOldContent) {
  write_file_atomically(folder_ / "a.txt", "old");
  // The target is a folder that is not empty: renaming onto it fails.
  write_file_atomically(folder_ / "taken" / "inside", "x");
  EXPECT_THROW(write_file_atomically(folder_ / "taken", "y"), Error);
  EXPECT_EQ(read_file(folder_ / "a.txt"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
}

TEST_F(FileTest, WhatALinkLeadsToIsReplacedAndADeviceIsWrittenTo) {
  write_file_atomically(folder_ / "target", "old");
  fs::create_symlink(folder_ / "target", folder_ / "link");
  write_file_atomically(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "target"), "new");
  write_file_atomically("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THROW(write_file_atomically("/dev/full", "too much"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(FileTest, IsCopiedMovedAndTakenAway) {
  write_file_atomically(folder_ / "a", "one");
  write_file_atomically(folder_ / "b", "two");
  duplicate_file(folder_ / "a", folder_ / "b");
  EXPECT_EQ(read_file(folder_ / "b"), "one");
  move_file(folder_ / "b", folder_ / "a");
  EXPECT_FALSE(fs::exists(folder_ / "b"));
  remove_file(folder_ / "a");
  remove_file(folder_ / "a");
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(FileTest, WhatCannotBeCopiedMovedOrTakenAwayIsNamed) {
  write_file_atomically(folder_ / "a", "one");
  write_file_atomically(folder_ / "taken" / "inside", "x");
  const auto names_it = ThrowsMessage<Error>(HasSubstr("taken"));
  EXPECT_THAT([&] { duplicate_file(folder_ / "a", folder_ / "taken"); }, names_it);
  EXPECT_THAT([&] { move_file(folder_ / "a", folder_ / "taken"); }, names_it);
  EXPECT_THAT([&] { remove_file(folder_ / "taken"); }, names_it);
  // A folder of the user's is not taken away, were it empty.
  remove_file(folder_ / "taken" / "inside");
  EXPECT_THAT([&] { remove_file(folder_ / "taken"); }, names_it);
  EXPECT_THAT([&] { duplicate_file(folder_ / "absent", folder_ / "b"); },
              ThrowsMessage<Error>(HasSubstr("absent")));
  EXPECT_EQ(read_file(folder_ / "a"), "one");
}

TEST_F(FileTest, ReadingSaysWhatIsWrong) {
  write_file_atomically(folder_ / "long", std::string(100, 'x'));
  EXPECT_THAT([&] { read_file(folder_ / "absent"); },
              ThrowsMessage<Error>(HasSubstr("absent: no such file")));
  EXPECT_THAT([&] { read_file(folder_); }, ThrowsMessage<Error>(HasSubstr("is a folder")));
  EXPECT_THAT([&] { read_file(folder_ / "long", 99); },
              ThrowsMessage<Error>(HasSubstr("longer than the 99 bytes")));
  EXPECT_EQ(read_file(folder_ / "long", 100).size(), 100U);
}

}  // namespace
}  // namespace assay
