// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// Images whose side is longer than this are refused before they are decoded.
constexpr std::int64_t kMaxImageSide = 16384;

/// PNG file content of a [C,H,W] u8 image, C = 1 (grey) or 3 (RGB), 8 bits per channel.
std::string encode_png(const at::Tensor& image);

/// Decodes a PNG of at most 8 bits per channel to [C,H,W] u8: C = 1 for grey, 3 for colour and
/// palette, turned upright as its EXIF orientation says. Throws Error naming `label` for damaged or
/// truncated data, sides over kMaxImageSide, 16 bits per channel, or transparent pixels (their
/// colour depends on a background nobody named).
at::Tensor decode_png(std::string_view bytes, const std::string& label);

/// [N,C,H,W] u8 -> one picture [C,R·(H+2)−2,columns·(W+2)−2] u8, row by row, with white 2-pixel
/// separators; empty cells are white.
at::Tensor image_grid(const at::Tensor& images, std::int64_t columns);

/// Scatter picture [3,size,size] u8 of points [N,2] over a mixture's centres [M,2] (may be
/// undefined): blue points that darken where they overlap, an orange circle per centre, on white;
/// equal axes that hold all centres (else all points) with a margin. Points outside are left out.
at::Tensor scatter_picture(const at::Tensor& points, const at::Tensor& mode_centres,
                           std::int64_t size);

}  // namespace assay
