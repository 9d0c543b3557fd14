// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/feature_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/file.h"
#include "oracle.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class FeatureCacheTest : public testing::Test {
 protected:
  fs::path folder_ =
      fs::temp_directory_path() / ("assay_feature_cache_" + std::to_string(getpid()));
  FeatureCache cache_{folder_, 1 << 20};
  Protocol protocol_{{"extractor", "x"}, {"extractor_sha256", "1"}, {"resize", "bilinear"}};
  Features features_{
      normal_matrix(1, 10, 4).to(at::kFloat), {}, normal_matrix(2, 10, 6).to(at::kFloat)};

  void TearDown() override { fs::remove_all(folder_); }
  fs::path only_file() const { return fs::directory_iterator(folder_)->path(); }
};

TEST_F(FeatureCacheTest, GivesBackWhatItWasGiven) {
  EXPECT_FALSE(cache_.find("a", protocol_));
  cache_.keep("a", protocol_, features_);
  const auto found = cache_.find("a", protocol_);
  ASSERT_TRUE(found);
  EXPECT_TRUE(at::equal(found->features, features_.features));
  EXPECT_TRUE(at::equal(found->spatial, features_.spatial));
  EXPECT_FALSE(found->logits.defined());
}

TEST_F(FeatureCacheTest, HoldsNothingForOtherImagesWeightsOrResize) {
  cache_.keep("a", protocol_, features_);
  EXPECT_FALSE(cache_.find("b", protocol_));
  for (const auto& [field, value] : protocol_) {
    auto other = protocol_;
    other[field] += "2";
    EXPECT_FALSE(cache_.find("a", other)) << field;
  }
}

TEST_F(FeatureCacheTest, TakesNoFileThatWasChangedOrIsAnotherSets) {
  cache_.keep("a", protocol_, features_);
  const auto file = only_file();
  const std::string sound = read_file(file);
  for (std::size_t i = 8; i < sound.size(); i += 7) {
    std::string damaged = sound;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    write_file_atomically(file, damaged);
    EXPECT_FALSE(cache_.find("a", protocol_)) << i;
    EXPECT_FALSE(fs::exists(file)) << "what is damaged is taken away";
  }
  for (const std::size_t length : {std::size_t{0}, std::size_t{9}, sound.size() - 1}) {
    write_file_atomically(file, sound.substr(0, length));
    EXPECT_FALSE(cache_.find("a", protocol_)) << length;
  }
  // Sound, but under the name of another set.
  cache_.keep("b", protocol_, features_);
  fs::rename(only_file(), file);
  EXPECT_FALSE(cache_.find("a", protocol_));
}

TEST_F(FeatureCacheTest, MakesRoomByWhatWasUsedLeastRecently) {
  const FeatureCache small(folder_, 900);  // two sets of 400 bytes
  const Features features{normal_matrix(3, 10, 10).to(at::kFloat), {}};
  for (const std::string name : {"a", "b", "c"}) {
    small.keep(name, protocol_, features);
    for (const auto& entry : fs::directory_iterator(folder_)) {
      fs::last_write_time(entry, fs::last_write_time(entry) - std::chrono::seconds(10));
    }
  }
  EXPECT_FALSE(small.find("a", protocol_));
  EXPECT_TRUE(small.find("c", protocol_));
  small.keep("d", protocol_, {at::zeros({1000, 10}), {}});
  EXPECT_FALSE(small.find("d", protocol_)) << "larger than all the room there is";
}

}  // namespace
}  // namespace assay
