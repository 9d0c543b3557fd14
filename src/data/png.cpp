// SPDX-License-Identifier: Apache-2.0
#include "data/png.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spng.h>

#include <cstdlib>
#include <memory>

#include "core/error.h"
#include "data/exif.h"

namespace assay {
namespace {

using Context = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

constexpr std::size_t kMaxChunkBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxChunkCacheBytes = std::size_t{32} << 20;
// Deflate's largest ratio: an image bigger than that cannot be in the file.
constexpr std::size_t kMaxDeflateRatio = 1032;
constexpr std::string_view kEndChunk("\0\0\0\0IEND\xAE\x42\x60\x82", 12);

void check(int code, const std::string& label) {
  if (code == SPNG_OK) return;
  throw Error(fmt::format("{}: not a whole PNG file ({}); replace it or take it out of the folder",
                          label, spng_strerror(code)));
}

spng_ihdr read_header(spng_ctx* context, std::size_t file_bytes, const std::string& label) {
  spng_ihdr header{};
  check(spng_get_ihdr(context, &header), label);
  if (header.bit_depth == 16) {
    throw Error(
        fmt::format("{}: has 16 bits per channel, assay works on 8; convert it first, for "
                    "example with `mogrify -depth 8`",
                    label));
  }
  const std::size_t row_bits = std::size_t{header.width} * header.bit_depth;
  if (row_bits / 8 * header.height > file_bytes * kMaxDeflateRatio) {
    throw Error(
        fmt::format("{}: its header declares {}x{} pixels, more than {} bytes can hold; "
                    "replace it or take it out of the folder",
                    label, header.width, header.height, file_bytes));
  }
  return header;
}

int orientation_of(spng_ctx* context) {
  spng_exif exif{};
  if (spng_get_exif(context, &exif) != SPNG_OK) return 1;
  return exif_orientation({exif.data, exif.length});
}

}  // namespace

std::string encode_png(const at::Tensor& image) {
  TORCH_CHECK(image.dim() == 3 && image.scalar_type() == at::kByte &&
                  (image.size(0) == 1 || image.size(0) == 3),
              "encode_png: needs [1 or 3,H,W] u8, not ", image.sizes(), " ", image.scalar_type());
  const auto pixels = image.permute({1, 2, 0}).contiguous();
  const Context context(spng_ctx_new(SPNG_CTX_ENCODER), &spng_ctx_free);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(image.size(2));
  header.height = static_cast<std::uint32_t>(image.size(1));
  header.bit_depth = 8;
  header.color_type = static_cast<std::uint8_t>(image.size(0) == 1 ? SPNG_COLOR_TYPE_GRAYSCALE
                                                                   : SPNG_COLOR_TYPE_TRUECOLOR);
  check(spng_set_ihdr(context.get(), &header), "encode_png");
  check(spng_encode_image(context.get(), pixels.const_data_ptr(), pixels.nbytes(), SPNG_FMT_PNG,
                          SPNG_ENCODE_FINALIZE),
        "encode_png");
  std::size_t bytes = 0;
  int code = 0;
  const std::unique_ptr<char, decltype(&std::free)> buffer(
      static_cast<char*>(spng_get_png_buffer(context.get(), &bytes, &code)), &std::free);
  check(code, "encode_png");
  return std::string(buffer.get(), bytes);
}

at::Tensor decode_png(std::string_view bytes, const std::string& label) {
  const Context context(spng_ctx_new(0), &spng_ctx_free);
  spng_set_image_limits(context.get(), kMaxImageSide, kMaxImageSide);
  spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxChunkCacheBytes);
  check(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()), label);
  const spng_ihdr header = read_header(context.get(), bytes.size(), label);
  auto rgba = at::empty({header.height, header.width, 4}, at::kByte);
  check(spng_decode_image(context.get(), rgba.mutable_data_ptr(), rgba.nbytes(), SPNG_FMT_RGBA8,
                          SPNG_DECODE_TRNS),
        label);
  // Reads to the closing chunk, so that a file cut after its pixels is found too; libspng stops
  // before that chunk's checksum.
  check(spng_decode_chunks(context.get()), label);
  if (bytes.rfind(kEndChunk) == std::string_view::npos) check(SPNG_IO_EOF, label);
  if (rgba.select(2, 3).min().item<int>() != 255) {
    throw Error(
        fmt::format("{}: has transparent pixels; put it on a background first, for example "
                    "with `mogrify -background white -flatten`",
                    label));
  }
  const bool grey = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE ||
                    header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
  return upright(rgba.slice(2, 0, grey ? 1 : 3).permute({2, 0, 1}), orientation_of(context.get()));
}

}  // namespace assay
