// SPDX-License-Identifier: Apache-2.0
#include "data/dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/near_miss.h"
#include "data/binarisation.h"
#include "data/cifar10.h"
#include "data/generated.h"
#include "data/handwritten_digits.h"
#include "data/image_folder.h"
#include "data/mnist.h"
#include "data/npz_dataset.h"
#include "data/orl_faces.h"
#include "data/resize.h"
#include "data/shapes.h"
#include "data/sprites.h"
#include "data/stacked.h"

namespace assay {
namespace {

constexpr std::int64_t kMaxSize = 4096;

std::vector<std::string> images_below(const std::filesystem::path& folder) {
  return list_images(folder).names;
}

std::vector<std::string> the_file_itself(const std::filesystem::path&) { return {""}; }

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

// Zeros about all images. The digests stay those of what is framed.
void pad(Dataset& dataset, std::int64_t frame) {
  if (frame == 0) return;
  if (dataset.is_points()) {
    throw Error(fmt::format(
        "{}: dataset.padding is of images, and this set holds points; take it out", dataset.name));
  }
  for (at::Tensor* images : {&dataset.train.images, &dataset.test.images, &dataset.grey_images}) {
    if (images->defined()) {
      *images = at::constant_pad_nd(*images, {frame, frame, frame, frame});
    }
  }
}

void check_pixels(Dataset& dataset, const std::string& label) {
  PixelRange range;
  for (const DataSplit* split : {&dataset.train, &dataset.test}) {
    if (split->images.size(0) == 0) continue;
    PixelRange own;
    own.add(split->images);
    refuse_zeros_and_ones(own, label);
    range.add(own);
  }
  const auto blank = blank_pictures(range, label);
  if (!blank.empty()) throw Error(blank);
  const auto dark = dark_pictures(range);
  if (!dark.empty()) dataset.remarks.push_back(dark);
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
       "MIT", kFashionMnist.how_to_get, load_fashion_mnist, locate_fashion_mnist},
      {"mnist", "MNIST: 60,000 + 10,000 grey 28x28 pictures of handwritten digits, 10 classes",
       "none stated by its authors", kMnist.how_to_get, load_mnist, locate_mnist},
      {"cifar10", "CIFAR-10: 50,000 + 10,000 colour 32x32 photographs, 10 classes",
       "none stated by its authors", kCifar10HowToGet, load_cifar10, locate_cifar10, no_factors,
       false, cifar10_files},
      {"mnist_5k", "5,000 digits of MNIST: 4,000 + 1,000 grey 28x28 pictures, 10 classes",
       "CC BY-SA 3.0", "ci/setup --data mnist_5k", load_mnist_5k, locate_mnist_5k},
      {"digits", "handwritten digits of UCI: 1,442 + 355 grey 8x8 pictures, 10 classes",
       "CC BY 4.0", "ci/setup --data digits", load_digits, locate_digits},
      {"orl_faces", "ORL faces: 320 + 80 grey 92x112 photographs of 40 people",
       "credit AT&T Laboratories Cambridge", "ci/setup --data orl_faces", load_orl_faces,
       locate_orl_faces},
      {"image_folder", "a folder of PNG or JPEG files; sub-folders are classes", "yours",
       "name the folder in dataset.path", load_image_folder, locate_image_folder, no_factors, true,
       images_below},
      {"npz", "an .npz or .npy file: uint8 [N,H,W,C], in .npz under images", "yours",
       "name the file in dataset.path", load_npz, locate_npz, no_factors, true, the_file_itself},
      {"ring", "8 Gaussians on the unit circle, sigma 0.01 (PacGAN)", "generated", kNothingToGet,
       load_ring, locate_generated},
      {"grid", "25 Gaussians at {-4,-2,0,2,4}^2, sigma 0.05 (PacGAN)", "generated", kNothingToGet,
       load_grid, locate_generated},
      {"eight_gaussians",
       "8 Gaussians on a circle of radius 2, sigma 0.02, divided by 1.414 (WGAN-GP)", "generated",
       kNothingToGet, load_eight_gaussians, locate_generated},
      {"swiss_roll", "a spiral of points in the plane, noise 0.25, divided by 7.5 (WGAN-GP)",
       "generated", kNothingToGet, load_swiss_roll, locate_generated},
      {"moons", "two half circles of points, noise 0.05, scaled by 2", "generated", kNothingToGet,
       load_moons, locate_generated},
      {"s_curve", "points on an S, noise 0.05, scaled by 1.5", "generated", kNothingToGet,
       load_s_curve, locate_generated},
      {"checkerboard", "points uniform on eight squares of side 2", "generated", kNothingToGet,
       load_checkerboard, locate_generated},
      {"stacked_fashion_mnist",
       "three random pictures of Fashion-MNIST as the channels of one: colour 28x28, 1,000 classes",
       "MIT", kFashionMnist.how_to_get, load_stacked_fashion_mnist, locate_fashion_mnist},
      {"generated_images", "seeded pictures of ten simple shapes", "generated", kNothingToGet,
       load_generated_images, locate_generated},
      {"sprites", "dSprites' grid of 5 factors: grey 32x32 or 64x64 squares, ellipses and hearts",
       "generated", kNothingToGet, load_sprites, locate_generated, sprite_factors},
      {"shapes", "rooms of 6 factors, 3D Shapes' grid in our own picture: colour 32x32 or 64x64",
       "generated", kNothingToGet, load_shapes, locate_generated, shape_factors, false, nullptr,
       read_shapes}};
  return kSources;
}

const DatasetSource& dataset_source(std::string_view name) {
  const auto& sources = datasets();
  const auto source = std::find_if(sources.begin(), sources.end(),
                                   [&](const auto& known) { return known.name == name; });
  if (source == sources.end()) {
    std::vector<std::string> names;
    for (const auto& known : sources) names.emplace_back(known.name);
    throw Error(fmt::format("unknown data set '{:.100}'{}", name,
                            suggestion(std::string(name), names, "data sets")));
  }
  return *source;
}

std::string what_was_read(const Dataset& dataset, const DatasetRequest& request) {
  const auto& images = dataset.train.images;
  const bool is_drawn = dataset_source(request.name).locate == locate_generated;
  std::string text = fmt::format(
      "{}{}: {} training and {} test {}", request.name,
      is_drawn || request.path.empty() ? "" : fmt::format(" '{}'", request.path),
      dataset.train.size(), dataset.test.size(),
      dataset.is_points() ? "points"
                          : fmt::format("images of {}x{}, {}", images.size(3), images.size(2),
                                        images.size(1) == 1 ? "grey" : "coloured"));
  if (request.padding > 0) text += fmt::format(", {} pixels of frame included", request.padding);
  text += dataset.classes == 0   ? ", no classes"
          : dataset.classes == 1 ? ", 1 class"
                                 : fmt::format(", {} classes", dataset.classes);
  if (is_drawn && !request.path.empty())
    text += "; dataset.path is not read, for the set is generated";
  for (const auto* phrases : {&dataset.passed_over, &dataset.remarks}) {
    for (const auto& phrase : *phrases) text += "; " + phrase;
  }
  return text;
}

Dataset load_dataset(const DatasetRequest& request) {
  const DatasetSource& source = dataset_source(request.name);
  check_request(request);
  Dataset dataset = source.load(request);
  if (source.is_format) check_pixels(dataset, request.path);
  binarise(dataset, request.binarisation, request.seed);
  pad(dataset, request.padding);
  return dataset;
}

}  // namespace assay
