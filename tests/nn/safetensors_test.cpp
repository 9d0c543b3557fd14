// SPDX-License-Identifier: Apache-2.0
#include "nn/files/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/digest.h"
#include "core/error.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string with_header(const std::string& header, const std::string& data = "") {
  std::string bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes.push_back(static_cast<char>((header.size() >> (8 * i)) & 0xFF));
  }
  return bytes + header + data;
}

std::string refusal(const std::string& bytes) {
  try {
    from_safetensors(bytes, "weights.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kDamaged);
    return error.what();
  }
  return "";
}

TEST(Safetensors, WritesTheBytesOfTheFormatsOwnSpecification) {
  // Derived by hand from the format: u64 length, JSON header padded with blanks to a multiple of
  // eight, then little-endian floats (1.0f = 00 00 80 3f).
  const std::string header = R"({"a":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  const std::string data("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8);
  EXPECT_EQ(to_safetensors({{"a", at::tensor({1.0f, -2.0f})}}), with_header(padded, data));
}

TEST(Safetensors, KeepsEveryTypeShapeAndMetadata) {
  const auto numbers = at::arange(6).reshape({2, 3});
  const TensorMap tensors{{"f32", numbers.to(at::kFloat) / 7},
                          {"f64", numbers.to(at::kDouble) / 7},
                          {"f16", numbers.to(at::kHalf)},
                          {"bf16", numbers.to(at::kBFloat16)},
                          {"i64", numbers - 3},
                          {"i32", numbers.to(at::kInt)},
                          {"u8", numbers.to(at::kByte)},
                          {"bool", numbers > 2},
                          {"scalar", at::tensor(2.5).squeeze()},
                          {"empty", at::empty({0, 4})}};
  const auto back = from_safetensors(to_safetensors(tensors, {{"epoch", "3"}}), "memory");
  ASSERT_EQ(back.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(back.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(back.tensors.at(name), tensor)) << name;
    EXPECT_EQ(back.tensors.at(name).sizes(), tensor.sizes()) << name;
  }
  EXPECT_EQ(back.metadata, (TensorMetadata{{"epoch", "3"}}));
}

TEST(Safetensors, WritesTransposedTensorsInLogicalOrder) {
  const auto matrix = at::arange(6, at::kFloat).reshape({2, 3}).t();
  EXPECT_TRUE(
      at::equal(from_safetensors(to_safetensors({{"m", matrix}}), "x").tensors.at("m"), matrix));
}

TEST(Safetensors, ReadsTensorsThatLieInAnotherOrderThanTheirNames) {
  const auto file =
      from_safetensors(with_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},)"
                                   R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                                   "\x07\x08\x09"),
                       "x");
  EXPECT_EQ(file.tensors.at("a").item<std::int64_t>(), 9);
  EXPECT_EQ(file.tensors.at("b")[1].item<std::int64_t>(), 8);
}

TEST(Safetensors, RefusesEveryTruncation) {
  const auto whole = to_safetensors({{"a", at::arange(5)}, {"b", at::ones({3})}}, {{"k", "v"}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(refusal(whole.substr(0, length)), HasSubstr("weights.safetensors")) << length;
  }
  EXPECT_THAT(refusal(whole + "x"), HasSubstr("1 bytes follow the last tensor"));
}

TEST(Safetensors, RefusesAHeaderThatLies) {
  const auto entry = [](const std::string& text) {
    return with_header("{\"a\":" + text + "}", "12345678");
  };
  EXPECT_THAT(refusal(std::string(8, '\x7f')), HasSubstr("more than 8388608"));
  EXPECT_THAT(refusal(with_header("[1, 2]")), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal(with_header("{\"a\":")), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal(entry("3")), HasSubstr("not described"));
  EXPECT_THAT(refusal(entry(R"({"dtype":"F8","shape":[8],"data_offsets":[0,8]})")),
              HasSubstr("unknown type 'F8'"));
  EXPECT_THAT(refusal(entry(R"({"dtype":"U8","shape":[-8],"data_offsets":[0,8]})")),
              HasSubstr("not a count"));
  EXPECT_THAT(refusal(entry(R"({"dtype":"U8","shape":[8],"data_offsets":[0,9]})")),
              HasSubstr("cut short"));
  EXPECT_THAT(refusal(entry(R"({"dtype":"U8","shape":[8],"data_offsets":[8,0]})")),
              HasSubstr("header is wrong"));
  EXPECT_THAT(refusal(entry(R"({"dtype":"F32","shape":[8],"data_offsets":[0,8]})")),
              HasSubstr("needs 32 bytes, 8 are given"));
  // 2^32 · 2^32 wraps to 0, and the zero beside it must not hide that.
  EXPECT_THAT(
      refusal(entry(R"({"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]})")),
      HasSubstr("impossible shape"));
  EXPECT_THAT(
      refusal(entry(R"({"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]})")),
      HasSubstr("impossible shape"));
}

TEST(Safetensors, RefusesGapsOverlapsAndDoubledNames) {
  const std::string a = R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  const std::string overlapping = R"("b":{"dtype":"U8","shape":[3],"data_offsets":[1,4]})";
  const std::string gap = R"("b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]})";
  EXPECT_THAT(refusal(with_header("{" + a + "," + overlapping + "}", "1234")),
              HasSubstr("overlaps"));
  EXPECT_THAT(refusal(with_header("{" + a + "," + gap + "}", "1234")), HasSubstr("gap"));
  EXPECT_THAT(refusal(with_header("{" + a + "," + a + "}", "12")), HasSubstr("occurs twice"));
}

TEST(Safetensors, SavingReturnsTheDigestOfTheFile) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "assay_saved.safetensors";
  const auto digest = save_safetensors(file, {{"a", at::ones({2})}});
  EXPECT_EQ(digest, sha256_of_file(file));
  EXPECT_TRUE(at::equal(load_safetensors(file).tensors.at("a"), at::ones({2})));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace assay
