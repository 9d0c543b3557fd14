// SPDX-License-Identifier: Apache-2.0
#include "data/pgm.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>

#include "core/error.h"
#include "data/png.h"

namespace assay {
namespace {

class PgmHeader {
 public:
  PgmHeader(std::string_view bytes, const std::string& label) : bytes_(bytes), label_(label) {
    if (!bytes.starts_with("P5")) fail("does not begin with 'P5'");
    width = number("width");
    height = number("height");
    const auto white = number("largest value");
    if (width > kMaxImageSide || height > kMaxImageSide) {
      fail(fmt::format("is {}x{}, and sides over {} are not read", width, height, kMaxImageSide));
    }
    if (white != 255) fail(fmt::format("its largest value is {}; only 255 is read", white));
    // Exactly one white-space character ends the header: pixels may look like white space.
    if (at_ >= bytes_.size() || !is_space(bytes_[at_])) fail("its header does not end");
    ++at_;
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("{}: {}; not a whole 8-bit PGM picture, get it again", label_, why));
  }

  std::string_view pixels() const { return bytes_.substr(at_); }

  std::int64_t width = 0, height = 0;

 private:
  static bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

  std::int64_t number(std::string_view what) {
    const auto begin = at_;
    while (at_ < bytes_.size() && (is_space(bytes_[at_]) || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#') at_ = std::min(bytes_.find('\n', at_), bytes_.size() - 1);
      ++at_;
    }
    std::int64_t value = 0;
    const auto [end, problem] =
        std::from_chars(bytes_.data() + at_, bytes_.data() + bytes_.size(), value);
    if (at_ == begin || problem != std::errc() || value < 1) {
      fail(fmt::format("its header gives no {}", what));
    }
    at_ = static_cast<std::size_t>(end - bytes_.data());
    return value;
  }

  std::string_view bytes_;
  const std::string& label_;
  std::size_t at_ = 2;
};

}  // namespace

at::Tensor decode_pgm(std::string_view bytes, const std::string& label) {
  const PgmHeader header(bytes, label);
  const auto pixels = header.pixels();
  auto picture = at::empty({1, header.height, header.width}, at::kByte);
  if (pixels.size() != picture.nbytes()) {
    header.fail(fmt::format("{} bytes follow the header of a {}x{} picture instead of {}",
                            pixels.size(), header.width, header.height, picture.nbytes()));
  }
  std::memcpy(picture.mutable_data_ptr(), pixels.data(), pixels.size());
  return picture;
}

}  // namespace assay
