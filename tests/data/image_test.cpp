// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
// After <cstdio>, whose FILE it uses.
#include <jpeglib.h>

#include "data/exif.h"
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

std::string jpeg_of(const at::Tensor& image) {
  const auto pixels = image.permute({1, 2, 0}).contiguous();
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long length = 0;
  jpeg_mem_dest(&info, &data, &length);
  info.image_height = static_cast<JDIMENSION>(image.size(1));
  info.image_width = static_cast<JDIMENSION>(image.size(2));
  info.input_components = static_cast<int>(image.size(0));
  info.in_color_space = image.size(0) == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (std::int64_t y = 0; y < pixels.size(0); ++y) {
    auto* row = pixels[y].data_ptr<std::uint8_t>();
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string out(reinterpret_cast<char*>(data), length);
  std::free(data);
  return out;
}

std::string jpeg_of_one_colour(int width, int height, bool grey, std::uint8_t level) {
  return jpeg_of(at::full({grey ? 1 : 3, height, width}, level, at::kByte));
}

// TIFF header and a folder of one tag, orientation, as EXIF 2.32 lays them out.
std::string exif(int orientation, bool big_endian_bytes) {
  const auto number = [&](std::size_t value, int width) {
    const std::string big = big_endian(value).substr(static_cast<std::size_t>(4 - width));
    return big_endian_bytes ? big : std::string(big.rbegin(), big.rend());
  };
  return (big_endian_bytes ? "MM" : "II") + number(42, 2) + number(8, 4) + number(1, 2) +
         number(0x0112, 2) + number(3, 2) + number(1, 4) +
         number(static_cast<std::size_t>(orientation), 2) + number(0, 2) + number(0, 4);
}

std::string with_app1(const std::string& jpeg, const std::string& payload) {
  const std::string body = std::string("Exif\0\0", 6) + payload;
  return jpeg.substr(0, 2) + "\xFF\xE1" + big_endian(body.size() + 2).substr(2) + body +
         jpeg.substr(2);
}

TEST(Exif, PicturesAreTurnedUpright) {
  // EXIF 2.32, table 6: the side of the picture that the stored first row is, and the first column.
  // Stored: row 0 is 10 20 30, row 1 is 40 50 60.
  const auto stored = at::tensor({10, 20, 30, 40, 50, 60}, at::kByte).view({1, 2, 3});
  const std::vector<std::vector<std::int64_t>> seen = {
      {10, 20, 30, 40, 50, 60},  // 1: top, left
      {30, 20, 10, 60, 50, 40},  // 2: top, right
      {60, 50, 40, 30, 20, 10},  // 3: bottom, right
      {40, 50, 60, 10, 20, 30},  // 4: bottom, left
      {10, 40, 20, 50, 30, 60},  // 5: left, top
      {40, 10, 50, 20, 60, 30},  // 6: right, top
      {60, 30, 50, 20, 40, 10},  // 7: right, bottom
      {30, 60, 20, 50, 10, 40},  // 8: left, bottom
  };
  const std::string rows("\0\x0A\x14\x1E\0\x28\x32\x3C", 8);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const bool turned = orientation > 4;
    const auto wanted = at::tensor(seen[static_cast<std::size_t>(orientation - 1)], at::kLong)
                            .to(at::kByte)
                            .view({1, turned ? 3 : 2, turned ? 2 : 3});
    EXPECT_TRUE(at::equal(upright(stored, orientation), wanted)) << orientation;
    for (const bool big : {false, true}) {
      EXPECT_EQ(exif_orientation(exif(orientation, big)), orientation);
      const auto file = png(3, 2, 8, 0, rows, chunk("eXIf", exif(orientation, big)));
      EXPECT_TRUE(at::equal(decode_png(file, "x"), wanted)) << orientation;
    }
  }
}

TEST(Exif, WhatIsDamagedIsUpright) {
  const auto whole = exif(6, false);
  for (std::size_t length = 0; length < 20; ++length) {
    EXPECT_EQ(exif_orientation(whole.substr(0, length)), 1) << length;
  }
  EXPECT_EQ(exif_orientation(exif(9, true)), 1);
  EXPECT_EQ(exif_orientation(exif(0, false)), 1);
}

at::Tensor gradient() {
  const auto ramp = at::arange(48) * 5;
  return at::stack({ramp.expand({32, 48}), ramp.flip(0).expand({32, 48}), ramp.expand({32, 48})})
      .to(at::kByte);
}

TEST(Jpeg, IsTurnedUprightAsItsExifSays) {
  const auto plain = jpeg_of(gradient());
  const auto turned = decode_jpeg(with_app1(plain, exif(6, true)), "x");
  // 6: the first row is the right side, the first column the top.
  EXPECT_TRUE(at::equal(turned, decode_jpeg(plain, "x").transpose(1, 2).flip(2)));
}

// Start of the scan header: FF DA, two bytes of length.
std::size_t scan_header(const std::string& jpeg) { return jpeg.find("\xFF\xDA"); }

TEST(Jpeg, WarningsThatLeaveThePixelsWholeAreNoErrors) {
  const auto plain = jpeg_of(gradient());
  const auto pixels = decode_jpeg(plain, "x");
  // Some phones write 0, 0, 0 for the band of coefficients, where baseline JPEG has 0, 63, 0.
  auto odd_scan = plain;
  const auto scan = scan_header(plain);
  const auto length = static_cast<unsigned char>(plain[scan + 3]);
  odd_scan.replace(scan + 2 + length - 3, 3, std::string(3, '\0'));
  ASSERT_NE(odd_scan, plain);
  EXPECT_TRUE(at::equal(decode_jpeg(odd_scan, "x"), pixels));
  // And some programs leave bytes before the end marker.
  const auto padded = plain.substr(0, plain.size() - 2) + std::string(5, '\0') + "\xFF\xD9";
  EXPECT_TRUE(at::equal(decode_jpeg(padded, "x"), pixels));
  // A first warning hides no second one: the same file cut short is refused.
  EXPECT_THAT(refusal([&] { decode_jpeg(odd_scan.substr(0, odd_scan.size() - 60), "cut.jpg"); }),
              HasSubstr("cut.jpg: not a whole JPEG file"));
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
