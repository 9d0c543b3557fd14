// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <turbojpeg.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "data/jpeg.h"
#include "data/png.h"
#include "data/resize.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string big_endian(std::size_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
  return out;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(data.size()) + body + big_endian(crc);
}

// A PNG put together from the format's specification, without libspng. Rows carry their filter
// byte.
std::string png(std::size_t width, std::size_t height, char depth, char colour,
                const std::string& rows, const std::string& before_data = "") {
  uLongf length = compressBound(rows.size());
  std::string packed(length, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &length,
           reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(length);
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR",
               big_endian(width) + big_endian(height) + depth + colour + std::string(3, '\0')) +
         before_data + chunk("IDAT", packed) + chunk("IEND", "");
}

TEST(Png, DecodesGreyColourBitsAndPalette) {
  const auto grey = decode_png(png(2, 2, 8, 0, std::string("\0\x01\x02\0\x03\xFF", 6)), "g");
  EXPECT_TRUE(at::equal(grey, at::tensor({1, 2, 3, 255}, at::kByte).view({1, 2, 2})));
  const auto colour = decode_png(png(1, 1, 8, 2, std::string("\0\x0A\x14\x1E", 4)), "c");
  EXPECT_TRUE(at::equal(colour, at::tensor({10, 20, 30}, at::kByte).view({3, 1, 1})));
  // One bit per pixel: 1 0 1, then padding.
  const auto bits = decode_png(png(3, 1, 1, 0, std::string("\0\xA0", 2)), "b");
  EXPECT_TRUE(at::equal(bits, at::tensor({255, 0, 255}, at::kByte).view({1, 1, 3})));
  const auto palette = decode_png(
      png(2, 1, 8, 3, std::string("\0\x01\0", 3), chunk("PLTE", std::string("\1\2\3\4\5\6", 6))),
      "p");
  EXPECT_TRUE(at::equal(palette, at::tensor({4, 1, 5, 2, 6, 3}, at::kByte).view({3, 1, 2})));
}

TEST(Png, TakesAnOpaqueAlphaChannelAndRefusesATransparentOne) {
  const auto opaque = decode_png(png(1, 1, 8, 6, std::string("\0\x01\x02\x03\xFF", 5)), "o");
  EXPECT_TRUE(at::equal(opaque, at::tensor({1, 2, 3}, at::kByte).view({3, 1, 1})));
  const auto transparent = png(1, 1, 8, 6, std::string("\0\x01\x02\x03\xFE", 5));
  EXPECT_THAT(refusal([&] { decode_png(transparent, "t.png"); }),
              HasSubstr("t.png: has transparent pixels"));
}

TEST(Png, RefusesSixteenBitsAndPicturesThatCannotBe) {
  const auto deep = png(1, 1, 16, 0, std::string("\0\x01\x02", 3));
  EXPECT_THAT(refusal([&] { decode_png(deep, "d.png"); }), HasSubstr("16 bits per channel"));
  EXPECT_THAT(refusal([] { decode_png(png(20000, 1, 8, 0, "x"), "w.png"); }), HasSubstr("w.png"));
  // 16384 × 16384 pixels declared in a hundred bytes.
  EXPECT_THAT(refusal([] { decode_png(png(16384, 16384, 8, 0, "x"), "b.png"); }),
              HasSubstr("16384x16384 pixels, more than"));
}

TEST(Png, WritesWhatItReads) {
  for (const std::int64_t channels : {1, 3}) {
    const auto image =
        (at::arange(channels * 5 * 7) * 37 % 256).to(at::kByte).view({channels, 5, 7});
    EXPECT_TRUE(at::equal(decode_png(encode_png(image), "x"), image));
  }
}

TEST(Png, RefusesEveryTruncationByName) {
  const auto whole = encode_png((at::arange(300) * 37 % 256).to(at::kByte).view({3, 10, 10}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(refusal([&] { decode_png(whole.substr(0, length), "cut.png"); }),
                HasSubstr("cut.png"))
        << length;
  }
}

std::string jpeg_of_one_colour(int width, int height, bool grey, std::uint8_t level) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height * (grey ? 1 : 3)),
                                   level);
  unsigned char* data = nullptr;
  unsigned long length = 0;
  const tjhandle encoder = tjInitCompress();
  tjCompress2(encoder, pixels.data(), width, 0, height, grey ? TJPF_GRAY : TJPF_RGB, &data, &length,
              grey ? TJSAMP_GRAY : TJSAMP_444, 95, 0);
  std::string out(reinterpret_cast<char*>(data), length);
  tjFree(data);
  tjDestroy(encoder);
  return out;
}

TEST(Jpeg, DecodesAFlatPictureToItsLevel) {
  // A flat block has only its DC term, which quality 95 keeps to within one level.
  const auto grey = decode_jpeg(jpeg_of_one_colour(17, 9, true, 100), "x");
  EXPECT_EQ(grey.sizes(), (at::IntArrayRef{1, 9, 17}));
  EXPECT_LE((grey.to(at::kInt) - 100).abs().max().item<int>(), 1);
  const auto colour = decode_jpeg(jpeg_of_one_colour(8, 8, false, 200), "x");
  EXPECT_EQ(colour.sizes(), (at::IntArrayRef{3, 8, 8}));
  EXPECT_LE((colour.to(at::kInt) - 200).abs().max().item<int>(), 1);
}

TEST(Jpeg, RefusesEveryTruncationByName) {
  const auto whole = jpeg_of_one_colour(40, 30, false, 90);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(refusal([&] { decode_jpeg(whole.substr(0, length), "cut.jpg"); }),
                HasSubstr("cut.jpg"))
        << length << " of " << whole.size();
  }
}

TEST(Jpeg, SurvivesEveryDamagedByte) {
  const auto whole = jpeg_of_one_colour(16, 16, false, 90);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xFF);
    refusal([&] { decode_jpeg(damaged, "damaged.jpg"); });
  }
}

TEST(Resize, HalvesARowWithTheTriangleFilter) {
  // Output 0 is centred at input 1.0; with half-width 2 the inputs at 0.5, 1.5, 2.5 weigh
  // 0.75, 0.75, 0.25 (of 1.75): 0.25 · 70 / 1.75 = 10. Output 1 mirrors it: 105 / 1.75 = 60.
  const auto rows = at::tensor({0, 0, 70, 70}, at::kByte).view({1, 1, 1, 4}).expand({1, 1, 4, 4});
  const auto half = resize_and_crop(rows, 2);
  EXPECT_TRUE(at::equal(half[0][0][0], at::tensor({10, 60}, at::kByte)));
}

TEST(Resize, CropsTheMiddleOfTheLongerSide) {
  // 2 × 6, columns 0…5: the middle square is columns 2 and 3.
  const auto wide = at::arange(6).to(at::kByte).view({1, 1, 1, 6}).expand({1, 1, 2, 6});
  EXPECT_TRUE(at::equal(resize_and_crop(wide, 2)[0][0][1], at::tensor({2, 3}, at::kByte)));
}

TEST(Resize, ConvertsBetweenGreyAndColour) {
  // BT.601: 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2.
  const auto colour = at::tensor({200, 100, 50}, at::kByte).view({1, 3, 1, 1});
  EXPECT_EQ(convert_channels(colour, 1).item<int>(), 124);
  const auto grey = at::tensor({7}, at::kByte).view({1, 1, 1, 1});
  EXPECT_TRUE(at::equal(convert_channels(grey, 3), at::full({1, 3, 1, 1}, 7, at::kByte)));
  EXPECT_TRUE(at::equal(convert_channels(colour, 0), colour));
}

TEST(Picture, GridLaysImagesOutRowByRowWithWhiteGaps) {
  // Three 1 × 1 images in two columns: cells at 0 and 3, gaps of two.
  const auto images = at::tensor({1, 2, 3}, at::kByte).view({3, 1, 1, 1});
  const auto grid = image_grid(images, 2);
  ASSERT_EQ(grid.sizes(), (at::IntArrayRef{1, 4, 4}));
  EXPECT_EQ((grid[0][0][0].item<int>()), 1);
  EXPECT_EQ((grid[0][0][3].item<int>()), 2);
  EXPECT_EQ((grid[0][3][0].item<int>()), 3);
  EXPECT_EQ((grid[0][3][3].item<int>()), 255);
  EXPECT_EQ(grid.eq(255).sum().item<int>(), 13);
}

TEST(Picture, ScatterPutsPointsWhereTheyAreAndSkipsStrays) {
  const auto centres = at::tensor({-1.0, -1.0, 1.0, 1.0}, at::kDouble).view({2, 2});
  // Extent 2 · 1.4 = 2.8 over 280 pixels: x = 0.5 lies at column (0.5 + 1.4) · 100 = 190, y = −0.5
  // at row 280 − (−0.5 + 1.4) · 100 = 190.
  const auto points =
      at::tensor({0.501, -0.501, 1e9, 0.0, std::numeric_limits<double>::quiet_NaN(), 0.0})
          .view({3, 2});
  const auto picture = scatter_picture(points, centres, 280);
  ASSERT_EQ(picture.sizes(), (at::IntArrayRef{3, 280, 280}));
  EXPECT_LT((picture[0][190][190].item<int>()), 255);
  EXPECT_EQ((picture[0][140][140].item<int>()), 255);
  EXPECT_EQ(scatter_picture(points, {}, 64).size(2), 64);
}

}  // namespace
}  // namespace assay
