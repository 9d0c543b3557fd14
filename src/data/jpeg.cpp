// SPDX-License-Identifier: Apache-2.0
#include "data/jpeg.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

// jpeglib.h needs FILE.
#include <cstdio>
// After it: these use its types.
#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "data/exif.h"
#include "data/png.h"

namespace assay {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr std::string_view kExifStart("Exif\0\0", 6);
// A few bytes can ask for as many passes over the picture as there are scans.
constexpr int kMaxScans = 500;

// libjpeg's decoder of one file. Its errors and warnings leave as exceptions: every frame of x86-64
// code can be unwound, libjpeg's too.
class Decoder {
 public:
  explicit Decoder(const std::string& label) : label_(label) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { self(info).fail(); };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0 && !leaves_pixels_whole(info->err->msg_code)) self(info).fail();
    };
    info_.client_data = this;
    jpeg_create_decompress(&info_);
    progress_.progress_monitor = [](j_common_ptr info) {
      if (self(info).info_.input_scan_number > kMaxScans) self(info).fail("too many scans");
    };
    info_.progress = &progress_;
    jpeg_save_markers(&info_, kExifMarker, 0xFFFF);
  }
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  at::Tensor decode(std::string_view bytes) {
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()),
                 static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info_, TRUE);
    check_header();
    // Before the end of the pixels, when libjpeg drops what it has of the header.
    const int orientation = exif_orientation_of_header();
    const bool grey = info_.jpeg_color_space == JCS_GRAYSCALE;
    info_.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    what_ = "not a whole JPEG file";
    jpeg_start_decompress(&info_);
    auto pixels = at::empty({info_.output_height, info_.output_width, grey ? 1 : 3}, at::kByte);
    auto* target = pixels.mutable_data_ptr<std::uint8_t>();
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = target + std::int64_t{info_.output_scanline} * pixels.stride(0);
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return upright(pixels.permute({2, 0, 1}).contiguous(), orientation);
  }

 private:
  static Decoder& self(j_common_ptr info) { return *static_cast<Decoder*>(info->client_data); }

  // Cameras and phones write odd scan parameters, versions and bytes between segments. Every other
  // warning means that pixels are missing and were made up.
  static bool leaves_pixels_whole(int warning) {
    static constexpr std::array kHarmless{JWRN_ADOBE_XFORM, JWRN_EXTRANEOUS_DATA, JWRN_JFIF_MAJOR,
                                          JWRN_NOT_SEQUENTIAL};
    return std::find(kHarmless.begin(), kHarmless.end(), warning) != kHarmless.end();
  }

  void check_header() const {
    if (info_.image_width > kMaxImageSide || info_.image_height > kMaxImageSide) {
      refuse(fmt::format("{}x{} pixels, at most {} a side are read", info_.image_width,
                         info_.image_height, kMaxImageSide));
    }
    if (info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK) {
      refuse("a CMYK picture, grey or RGB is needed");
    }
  }

  int exif_orientation_of_header() const {
    for (auto* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (marker->marker == kExifMarker && data.starts_with(kExifStart)) {
        return exif_orientation(data.substr(kExifStart.size()));
      }
    }
    return 1;
  }

  [[noreturn]] void fail() {
    std::array<char, JMSG_LENGTH_MAX> message{};
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), message.data());
    fail(message.data());
  }
  [[noreturn]] void fail(const char* why) const { refuse(fmt::format("{} ({})", what_, why)); }
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(fmt::format("{}: {}; replace it or take it out of the folder", label_, why));
  }

  const std::string& label_;
  std::string_view what_ = "neither a PNG nor a JPEG file";
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
};

}  // namespace

at::Tensor decode_jpeg(std::string_view bytes, const std::string& label) {
  return Decoder(label).decode(bytes);
}

}  // namespace assay
