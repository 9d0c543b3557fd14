// SPDX-License-Identifier: Apache-2.0
#include "data/resize.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace assay {
namespace {

void check_images(const at::Tensor& images) {
  TORCH_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte,
              "images must be [N,C,H,W] u8, not ", images.sizes(), " ", images.scalar_type());
}

at::Tensor resize_block(const at::Tensor& images, std::int64_t height, std::int64_t width) {
  const auto resized = at::_upsample_bilinear2d_aa(images.to(at::kFloat), {height, width},
                                                   /*align_corners=*/false);
  return resized.round().clamp(0, 255).to(at::kByte);
}

}  // namespace

at::Tensor resize_and_crop(const at::Tensor& images, std::int64_t size) {
  check_images(images);
  const auto height = images.size(2);
  const auto width = images.size(3);
  if (size == 0 || (height == size && width == size)) return images;
  const auto shorter = std::min(height, width);
  // Integer rounding, so that the longer side does not depend on floating-point.
  const auto scaled = [&](std::int64_t side) { return (side * size + shorter / 2) / shorter; };
  const auto new_height = scaled(height);
  const auto new_width = scaled(width);
  // Blocks keep the float copy of a large set small.
  constexpr std::int64_t kBlock = 1024;
  std::vector<at::Tensor> blocks;
  for (std::int64_t begin = 0; begin < images.size(0); begin += kBlock) {
    const auto block = images.slice(0, begin, std::min(begin + kBlock, images.size(0)));
    blocks.push_back(resize_block(block, new_height, new_width)
                         .slice(2, (new_height - size) / 2, (new_height - size) / 2 + size)
                         .slice(3, (new_width - size) / 2, (new_width - size) / 2 + size));
  }
  return at::cat(blocks).contiguous();
}

at::Tensor convert_channels(const at::Tensor& images, std::int64_t channels) {
  check_images(images);
  TORCH_CHECK(channels == 0 || channels == 1 || channels == 3, "channels must be 1 or 3, not ",
              channels);
  if (channels == 0 || images.size(1) == channels) return images;
  if (channels == 3) return images.expand({-1, 3, -1, -1}).contiguous();
  const auto wide = images.to(at::kInt);
  const auto luma = wide.select(1, 0) * 299 + wide.select(1, 1) * 587 + wide.select(1, 2) * 114;
  return (luma + 500).floor_divide(1000).to(at::kByte).unsqueeze(1);
}

at::Tensor conform(const at::Tensor& images, std::int64_t size, std::int64_t channels) {
  return convert_channels(resize_and_crop(images, size), channels);
}

void PixelRange::add(const at::Tensor& images) {
  const auto [least, most] = at::aminmax(images);
  smallest = std::min(smallest, least.item<std::int64_t>());
  largest = std::max(largest, most.item<std::int64_t>());
}

void PixelRange::add(const PixelRange& other) {
  smallest = std::min(smallest, other.smallest);
  largest = std::max(largest, other.largest);
}

void refuse_zeros_and_ones(const PixelRange& range, const std::string& label) {
  if (range.largest != 1) return;
  throw Error(
      fmt::format("{}: the largest value of all its pixels is 1, which is black of 255; "
                  "multiply masks, or pictures of 0 to 1, by 255 before they become bytes",
                  label));
}

std::string blank_pictures(const PixelRange& range, const std::string& label) {
  if (range.smallest != range.largest) return "";
  return fmt::format(
      "{}: every pixel of all its pictures is {}{}, so that they show nothing; look {}", label,
      range.largest, range.largest == 0 ? " (black)" : "",
      range.largest == 0 ? "whether pictures of 0 to 1 became bytes without being "
                           "multiplied by 255"
                         : "at what wrote them");
}

std::string dark_pictures(const PixelRange& range) {
  constexpr std::int64_t kDark = 32;
  if (range.largest >= kDark) return "";
  return fmt::format(
      "the brightest of all their pixels is {} of 255, all but black (multiply bytes of another "
      "range, as 0 to 16, before they are stored)",
      range.largest);
}

}  // namespace assay
