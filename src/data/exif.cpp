// SPDX-License-Identifier: Apache-2.0
#include "data/exif.h"

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>

namespace assay {
namespace {

constexpr std::uint64_t kOrientation = 0x0112, kShort = 3;
constexpr std::size_t kTagBytes = 12;

// Number of `width` bytes; 0 where they are not there.
std::uint64_t number(std::string_view bytes, std::size_t offset, std::size_t width, bool big) {
  if (offset > bytes.size() || bytes.size() - offset < width) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[offset + (big ? i : width - 1 - i)]);
    value = value << 8 | byte;
  }
  return value;
}

}  // namespace

int exif_orientation(std::string_view tiff) {
  const bool big = tiff.starts_with("MM");
  if (!big && !tiff.starts_with("II")) return 1;
  const auto folder = static_cast<std::size_t>(number(tiff, 4, 4, big));
  const std::uint64_t count = number(tiff, folder, 2, big);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t tag = folder + 2 + kTagBytes * i;
    if (number(tiff, tag, 2, big) != kOrientation) continue;
    const auto value = number(tiff, tag + 8, 2, big);
    return number(tiff, tag + 2, 2, big) == kShort && value >= 1 && value <= 8
               ? static_cast<int>(value)
               : 1;
  }
  return 1;
}

at::Tensor upright(const at::Tensor& image, int orientation) {
  TORCH_CHECK(image.dim() == 3 && orientation >= 1 && orientation <= 8,
              "upright: needs [C,H,W] and 1 to 8, not ", image.sizes(), " and ", orientation);
  // From 5 on rows are columns; the others are mirrored along one side or both.
  static constexpr bool kRowsFromBelow[] = {false, false, true, true, false, false, true, true};
  static constexpr bool kColumnsFromRight[] = {false, true, true, false, false, true, true, false};
  const auto place = orientation - 1;
  auto turned = orientation > 4 ? image.transpose(1, 2) : image;
  if (kRowsFromBelow[place]) turned = turned.flip(1);
  if (kColumnsFromRight[place]) turned = turned.flip(2);
  return turned.contiguous();
}

}  // namespace assay
