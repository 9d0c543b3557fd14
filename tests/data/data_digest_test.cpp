// SPDX-License-Identifier: Apache-2.0
#include "data/data_digest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/digest.h"
#include "core/file.h"
#include "data/png.h"

#include <ATen/ATen.h>

namespace assay {
namespace {

namespace fs = std::filesystem;

class DataDigestTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "pictures");
    setenv("ASSAY_CACHE", (folder_ / "cache").c_str(), 1);
    for (int i = 0; i < 3; ++i) picture(folder_ / "pictures", i, i);
  }
  void TearDown() override {
    unsetenv("ASSAY_CACHE");
    fs::remove_all(folder_);
  }
  static void picture(const fs::path& folder, int name, int grey) {
    write_file_atomically(folder / fmt::format("{}.png", name),
                          encode_png(at::full({1, 4, 4}, grey, at::kByte)));
  }
  static std::string of(const fs::path& folder) {
    return data_digest({.name = "image_folder", .path = folder.string()}).value();
  }
  /// Long ago, so that the cache takes the file for settled.
  static void age(const fs::path& file) {
    fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(1));
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("assay_data_digest_{}", getpid());
};

TEST_F(DataDigestTest, IsOfTheContentWhereverItLiesAndWheneverItWasTouched) {
  const std::string before = of(folder_ / "pictures");
  age(folder_ / "pictures" / "1.png");
  EXPECT_EQ(of(folder_ / "pictures"), before);
  fs::copy(folder_ / "pictures", folder_ / "elsewhere", fs::copy_options::recursive);
  EXPECT_EQ(of(folder_ / "elsewhere"), before);
}

TEST_F(DataDigestTest, OtherPicturesUnderTheSameNamesAreOtherData) {
  const std::string before = of(folder_ / "pictures");
  picture(folder_ / "pictures", 1, 77);
  EXPECT_NE(of(folder_ / "pictures"), before);
}

TEST_F(DataDigestTest, ANameDecidesTheSplitAndTheClassSoItCounts) {
  const std::string before = of(folder_ / "pictures");
  fs::rename(folder_ / "pictures" / "1.png", folder_ / "pictures" / "9.png");
  EXPECT_NE(of(folder_ / "pictures"), before);
}

// The same size and the same modification time: inode and ctime tell.
TEST_F(DataDigestTest, TheCacheNoticesAFileOfEqualSizeAndTime) {
  const fs::path file = folder_ / "one.npz", other = folder_ / "other.npz";
  write_file_atomically(file, "aaaa");
  const auto time = fs::last_write_time(file) - std::chrono::hours(1);
  fs::last_write_time(file, time);
  const auto digest = [&] { return data_digest({.name = "npz", .path = file.string()}); };
  const auto before = digest();
  EXPECT_EQ(digest(), before);
  write_file_atomically(other, "bbbb");
  fs::last_write_time(other, time);
  fs::rename(other, file);
  EXPECT_NE(digest(), before);
}

TEST_F(DataDigestTest, IsTheDigestOfAStatedText) {
  const fs::path file = folder_ / "one.npz";
  write_file_atomically(file, "abc");
  // SHA-256 of "abc": FIPS 180-4's example.
  EXPECT_EQ(data_digest({.name = "npz", .path = file.string()}),
            sha256_hex("assay data\nname npz\nreader 1\n0: "
                       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"));
}

TEST_F(DataDigestTest, OfGeneratedSetsIsNameCountAndSeed) {
  const auto of_ring = [](std::int64_t count, std::uint64_t seed) {
    return data_digest({.name = "ring", .count = count, .seed = seed}).value();
  };
  EXPECT_EQ(of_ring(100, 1), sha256_hex("assay data\nname ring\nreader 1\ncount 100\nseed 1\n"));
  EXPECT_NE(of_ring(100, 1), of_ring(100, 2));
  EXPECT_NE(of_ring(100, 1), of_ring(200, 1));
  EXPECT_NE(of_ring(100, 1), data_digest({.name = "grid", .count = 100, .seed = 1}));
}

TEST_F(DataDigestTest, IsNothingWhereThereAreNoData) {
  EXPECT_EQ(data_digest({.name = "image_folder", .path = (folder_ / "gone").string()}),
            std::nullopt);
}

}  // namespace
}  // namespace assay
