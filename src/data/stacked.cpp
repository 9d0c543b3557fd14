// SPDX-License-Identifier: Apache-2.0
#include "data/stacked.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>

#include "core/error.h"
#include "core/random.h"
#include "data/mnist.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr std::int64_t kChannels = 3, kTrainImages = 128'000, kTestImages = 26'000;
constexpr std::int64_t kMostImages = 10'000'000;

}  // namespace

DataSplit stack_channels(const DataSplit& grey, std::int64_t count, std::uint64_t seed) {
  TORCH_CHECK(grey.images.dim() == 4 && grey.images.size(1) == 1 && grey.labels.defined(),
              "stack_channels: grey images with labels, not ", grey.images.sizes());
  RandomStream random(seed);
  const auto height = grey.images.size(2), width = grey.images.size(3);
  const auto bytes = static_cast<std::size_t>(height * width);
  const auto pictures = grey.images.contiguous();
  const auto classes = grey.labels.contiguous();
  auto images = at::empty({count, kChannels, height, width}, at::kByte);
  auto labels = at::zeros({count}, at::kLong);
  auto* pixels = images.mutable_data_ptr<std::uint8_t>();
  auto* label = labels.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t channel = 0; channel < kChannels; ++channel) {
      const auto row = random.below(static_cast<std::uint64_t>(grey.size()));
      std::memcpy(pixels, pictures.const_data_ptr<std::uint8_t>() + row * bytes, bytes);
      pixels += bytes;
      label[i] = 10 * label[i] + classes.const_data_ptr<std::int64_t>()[row];
    }
  }
  return make_split(images, labels);
}

Dataset load_stacked_fashion_mnist(const DatasetRequest& request) {
  const auto count = request.count == 0 ? kTrainImages : request.count;
  if (count < 1 || count > kMostImages) {
    throw Error(fmt::format("stacked_fashion_mnist: dataset.count = {} is outside 1 to {}", count,
                            kMostImages));
  }
  if (request.channels == 1) {
    throw Error(
        "stacked_fashion_mnist: dataset.channels = 1 would mix the three pictures of an "
        "image; leave it at 0");
  }
  const Dataset grey = load_fashion_mnist({.path = request.path, .size = request.size});
  Dataset dataset;
  dataset.name = "stacked_fashion_mnist";
  dataset.classes = 1000;
  dataset.train = stack_channels(grey.train, count, stream_seed(request.seed, "data"));
  dataset.test = stack_channels(grey.test, kTestImages, stream_seed(request.seed, "data/test"));
  return dataset;
}

}  // namespace assay
