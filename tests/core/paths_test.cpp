// SPDX-License-Identifier: Apache-2.0
#include "core/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/error.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Places : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_paths_test_" + std::to_string(getpid()));
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
};

TEST_F(Places, OfACurrentFolderThatIsGoneAreAnError) {
  const fs::path before = fs::current_path();
  fs::create_directory(folder_ / "gone");
  fs::current_path(folder_ / "gone");
  fs::remove(folder_ / "gone");
  EXPECT_THAT([] { absolute_path("x.sqlite"); },
              ThrowsMessage<Error>(HasSubstr("x.sqlite: the current folder cannot be told")));
  EXPECT_EQ(absolute_path("/x"), "/x");
  fs::current_path(before);
}

TEST(EndingOf, IsInLowerCase) {
  EXPECT_EQ(ending_of("A/Photo.JPG"), ".jpg");
  EXPECT_EQ(ending_of("images.tar.Gz"), ".gz");
  EXPECT_EQ(ending_of("NAMES"), "");
}

}  // namespace
}  // namespace assay
