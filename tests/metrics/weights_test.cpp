// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/file.h"
#include "metrics/extractors/blocks.h"
#include "oracle.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// SHA-256 of four zero bytes, by sha256sum.
constexpr const char* kOfZero = "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119";

class PublishedFile : public ::testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_weights_test_" + std::to_string(getpid()));
  fs::path file_ = folder_ / "w.safetensors";
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string pickled(const std::string& format) {
    return fmt::format("{}/tests/oracle/state_dict_{}.pth", ASSAY_SOURCE_DIR, format);
  }
  static TensorMap zero() { return {{"a", at::zeros({1})}}; }
};

TEST_F(PublishedFile, OfTorchSaveIsRefusedWithTheLineThatConvertsIt) {
  for (const char* format : {"zip", "legacy"}) {
    const auto file = pickled(format);
    EXPECT_THAT(refusal([&] { load_weights(file, "", ""); }),
                HasSubstr(fmt::format("run `ci/convert_weights.py {} {}safetensors`", file,
                                      file.substr(0, file.size() - 3))));
  }
}

TEST_F(PublishedFile, ThatWasConvertedIsKnownByItsSource) {
  const auto command = fmt::format("python3 {}/ci/convert_weights.py {} {} > {}", ASSAY_SOURCE_DIR,
                                   pickled("zip"), file_.string(), (folder_ / "said").string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  // By sha256sum.
  const std::string source = "f31a0d5386ebc83a0ef2fb8d7cba4d42109171913cd3c0ced35190e0e6545b12";
  const auto weights = load_weights(file_, source, "");
  EXPECT_EQ(weights.sha256, source);
  EXPECT_TRUE(at::equal(weights.tensors.at("transposed"),
                        (at::arange(12, at::kFloat) / 8).view({3, 4}).t()));
  EXPECT_THAT(refusal([&] { load_weights(file_, kOfZero, "see the page"); }),
              HasSubstr(source + " instead of " + kOfZero + ": these are other weights; see"));
}

TEST_F(PublishedFile, ThatWasNotConvertedIsKnownByItsOwnBytes) {
  const auto own = save_safetensors(file_, zero());
  EXPECT_EQ(load_weights(file_, "", "").sha256, own);
}

TEST_F(PublishedFile, ThatWasConvertedAndIsDamagedIsRefused) {
  const TensorMetadata metadata{{"source_sha256", "source"}, {"tensors_sha256", kOfZero}};
  save_safetensors(file_, zero(), metadata);
  EXPECT_EQ(load_weights(file_, "", "").sha256, "source");
  auto bytes = read_file(file_);
  bytes.back() = 1;
  write_file_atomically(file_, bytes);
  EXPECT_THAT(refusal([&] { load_weights(file_, "", ""); }), HasSubstr("the file is damaged"));
}

}  // namespace
}  // namespace assay
