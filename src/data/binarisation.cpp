// SPDX-License-Identifier: Apache-2.0
#include "data/binarisation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "data/split.h"

namespace assay {

Binarisation binarisation_named(std::string_view name) {
  if (name == "none") return Binarisation::kNone;
  if (name == "static") return Binarisation::kStatic;
  if (name == "stochastic") return Binarisation::kStochastic;
  throw Error(fmt::format(
      "dataset.binarisation = '{:.100}' is none of 'none', 'static', 'stochastic'", name));
}

std::string_view binarisation_protocol(Binarisation binarisation) {
  if (binarisation == Binarisation::kStatic) return "static";
  if (binarisation == Binarisation::kStochastic) return "stochastic, reference drawn once";
  return "";
}

std::uint8_t PixelCoins::operator()(std::uint8_t grey) {
  // Of 256 equally likely bytes the last is passed over, so 255 equally likely ones remain.
  std::uint8_t byte = 255;
  while (byte == 255) {
    if (left_ == 0) {
      bytes_ = random_.bits();
      left_ = 8;
    }
    byte = static_cast<std::uint8_t>(bytes_);
    bytes_ >>= 8;
    --left_;
  }
  return byte < grey ? 255 : 0;
}

at::Tensor binarise(const at::Tensor& images, std::uint64_t seed) {
  TORCH_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte,
              "binarise: needs [N,C,H,W] u8, not ", images.sizes(), " ", images.scalar_type());
  const auto grey = images.contiguous();
  auto drawn = at::empty_like(grey);
  PixelCoins coins(seed);
  const auto* in = grey.const_data_ptr<std::uint8_t>();
  std::transform(in, in + grey.numel(), drawn.mutable_data_ptr<std::uint8_t>(),
                 [&](std::uint8_t pixel) { return coins(pixel); });
  return drawn;
}

void binarise(Dataset& dataset, Binarisation binarisation, std::uint64_t seed) {
  if (binarisation == Binarisation::kNone) return;
  if (dataset.is_points()) {
    throw Error(
        fmt::format("{}: dataset.binarisation is of images, and this set holds points; "
                    "take it out",
                    dataset.name));
  }
  const auto draw = [&](DataSplit& split, std::string_view stream) {
    split.images = binarise(split.images, stream_seed(seed, stream));
    split.digest = split_digest(split.images, split.labels, split.factors);
  };
  dataset.binarisation = binarisation;
  if (binarisation == Binarisation::kStochastic) dataset.grey_images = dataset.train.images;
  draw(dataset.train, "binarisation/train");
  draw(dataset.test, "binarisation/test");
}

DataSplit training_source(const Dataset& dataset) {
  DataSplit source = dataset.train;
  if (dataset.grey_images.defined()) source.images = dataset.grey_images;
  return source;
}

}  // namespace assay
