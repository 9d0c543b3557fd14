// SPDX-License-Identifier: Apache-2.0
#include "data/jpeg.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>

#include "core/error.h"
#include "data/png.h"

namespace assay {
namespace {

[[noreturn]] void fail(const std::string& label, const std::string& why) {
  throw Error(fmt::format("{}: {}; replace it or take it out of the folder", label, why));
}

}  // namespace

at::Tensor decode_jpeg(std::string_view bytes, const std::string& label) {
  const std::unique_ptr<void, int (*)(void*)> decoder(tjInitDecompress(), &tjDestroy);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto length = static_cast<unsigned long>(bytes.size());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, length, &width, &height, &subsampling, &colours) !=
      0) {
    fail(label, fmt::format("not a JPEG file ({})", tjGetErrorStr2(decoder.get())));
  }
  if (width < 1 || height < 1 || width > kMaxImageSide || height > kMaxImageSide) {
    fail(label,
         fmt::format("{}x{} pixels, at most {} a side are read", width, height, kMaxImageSide));
  }
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    fail(label, "a CMYK picture, grey or RGB is needed");
  }
  const bool grey = colours == TJCS_GRAY;
  auto pixels = at::empty({height, width, grey ? 1 : 3}, at::kByte);
  // A warning means that pixels are missing and were made up.
  const int flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
  if (tjDecompress2(decoder.get(), data, length, pixels.mutable_data_ptr<std::uint8_t>(), width, 0,
                    height, grey ? TJPF_GRAY : TJPF_RGB, flags) != 0) {
    fail(label, fmt::format("not a whole JPEG file ({})", tjGetErrorStr2(decoder.get())));
  }
  return pixels.permute({2, 0, 1}).contiguous();
}

}  // namespace assay
