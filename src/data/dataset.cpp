// SPDX-License-Identifier: Apache-2.0
#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/near_miss.h"
#include "data/cifar10.h"
#include "data/fashion_mnist.h"
#include "data/generated.h"
#include "data/image_folder.h"
#include "data/npz.h"
#include "data/shapes.h"
#include "data/sprites.h"

namespace assay {
namespace {

constexpr std::int64_t kMaxSize = 4096;

void check_request(const DatasetRequest& request) {
  if (request.size < 0 || request.size > kMaxSize) {
    throw Error(fmt::format("{}: dataset.size = {} is outside 0 to {}", request.name, request.size,
                            kMaxSize));
  }
  if (request.channels != 0 && request.channels != 1 && request.channels != 3) {
    throw Error(fmt::format("{}: dataset.channels = {} is none of 0 (as they are), 1, 3",
                            request.name, request.channels));
  }
}

}  // namespace

const std::vector<Factor>& no_factors() {
  static const std::vector<Factor> kNone;
  return kNone;
}

const std::vector<DatasetSource>& datasets() {
  constexpr std::string_view kNothingToGet = "nothing to get: assay draws it";
  static const std::vector<DatasetSource> kSources{
      {"fashion_mnist", "Fashion-MNIST: 60,000 + 10,000 grey 28x28 pictures of clothes, 10 classes",
       "MIT", "apt-get install dataset-fashion-mnist", load_fashion_mnist, locate_fashion_mnist},
      {"cifar10", "CIFAR-10: 50,000 + 10,000 colour 32x32 photographs, 10 classes",
       "none stated by its authors",
       "unpack cifar-10-binary.tar.gz from www.cs.toronto.edu/~kriz/cifar.html and name the folder "
       "in dataset.path",
       load_cifar10, locate_cifar10},
      {"image_folder", "a folder of PNG or JPEG files; sub-folders are classes", "yours",
       "name the folder in dataset.path", load_image_folder, locate_image_folder},
      {"npz", "an .npz file: uint8 [N,H,W,C] under images", "yours",
       "name the file in dataset.path", load_npz, locate_npz},
      {"ring", "8 Gaussians on the unit circle, sigma 0.01 (PacGAN)", "generated", kNothingToGet,
       load_ring, locate_generated},
      {"grid", "25 Gaussians at {-4,-2,0,2,4}^2, sigma 0.05 (PacGAN)", "generated", kNothingToGet,
       load_grid, locate_generated},
      {"generated_images", "seeded pictures of ten simple shapes", "generated", kNothingToGet,
       load_generated_images, locate_generated},
      {"sprites", "dSprites' grid of 5 factors: grey 32x32 or 64x64 squares, ellipses and hearts",
       "generated", kNothingToGet, load_sprites, locate_generated, sprite_factors},
      {"shapes", "rooms of 6 factors, 3D Shapes' grid in our own picture: colour 32x32 or 64x64",
       "generated", kNothingToGet, load_shapes, locate_generated, shape_factors}};
  return kSources;
}

Dataset load_dataset(const DatasetRequest& request) {
  const auto& sources = datasets();
  const auto source = std::find_if(sources.begin(), sources.end(),
                                   [&](const auto& known) { return known.name == request.name; });
  if (source == sources.end()) {
    std::vector<std::string> names;
    for (const auto& known : sources) names.emplace_back(known.name);
    throw Error(fmt::format("unknown data set '{:.100}'{}", request.name,
                            suggestion(request.name, names, "data sets")));
  }
  check_request(request);
  return source->load(request);
}

}  // namespace assay
