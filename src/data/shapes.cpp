// SPDX-License-Identifier: Apache-2.0
#include "data/shapes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <map>

#include "core/error.h"
#include "core/random.h"
#include "data/factor_grid.h"
#include "data/shapes_scene.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kDefaultSize = 64;
constexpr int64_t kDefaultImages = 20'000, kMostImages = 470'000, kTestImages = 10'000;

// Scenes of one geometry differ by their colours alone.
class Lights {
 public:
  explicit Lights(int64_t size) : size_(size) {}
  const std::vector<PixelLight>& of(const SceneGeometry& geometry) {
    const std::array<int64_t, 3> key = {geometry.scale, geometry.shape, geometry.orientation};
    auto& lights = known_[key];
    if (lights.empty()) lights = light_of(geometry, size_);
    return lights;
  }

 private:
  int64_t size_;
  std::map<std::array<int64_t, 3>, std::vector<PixelLight>> known_;
};

// factors: floor, wall and object hue, …; pixels [3,size,size].
void paint(const std::vector<PixelLight>& lights, const int64_t* factors, std::uint8_t* pixels) {
  const HueColour floor = colour_of(factors[0]), wall = colour_of(factors[1]);
  const HueColour object = colour_of(factors[2]);
  for (std::size_t c = 0; c < 3; ++c) {
    for (const PixelLight& light : lights) {
      const auto sum = floor[c] * light.floor + wall[c] * light.wall + object[c] * light.object;
      *pixels++ = static_cast<std::uint8_t>((sum + kMostLight / 2) / kMostLight);
    }
  }
}

void check_request(const DatasetRequest& request) {
  if (request.size != 0 && request.size != 32 && request.size != 64) {
    throw Error(
        fmt::format("shapes: dataset.size = {}; they are drawn at 32 or 64 pixels", request.size));
  }
  if (request.channels == 1) {
    throw Error("shapes: dataset.channels = 1; three of their factors are hues: take 3");
  }
  if (request.count < 0 || request.count > kMostImages) {
    throw Error(
        fmt::format("shapes: dataset.count = {} is outside 1 to {}, which leaves {} of the "
                    "grid's 480,000 for testing",
                    request.count, kMostImages, kTestImages));
  }
}

}  // namespace

const std::vector<Factor>& shape_factors() {
  static const std::vector<Factor> kFactors = {{"floor_hue", 10},  {"wall_hue", 10},
                                               {"object_hue", 10}, {"scale", 8},
                                               {"shape", 4},       {"orientation", 15}};
  return kFactors;
}

at::Tensor draw_shapes(const at::Tensor& factors, int64_t size) {
  TORCH_CHECK(size == 32 || size == 64, "draw_shapes: size ", size, " is neither 32 nor 64");
  const auto rows = checked_factors(shape_factors(), factors);
  auto images = at::empty({rows.size(0), 3, size, size}, at::kByte);
  const auto* row = rows.const_data_ptr<int64_t>();
  auto* pixels = images.mutable_data_ptr<std::uint8_t>();
  Lights lights(size);
  for (int64_t i = 0; i < rows.size(0); ++i, row += rows.size(1)) {
    paint(lights.of({.scale = row[3], .shape = row[4], .orientation = row[5]}), row,
          pixels + i * 3 * size * size);
  }
  return images;
}

Dataset load_shapes(const DatasetRequest& request) {
  check_request(request);
  return load_from_grid(
      {.name = "shapes", .factors = shape_factors(), .label = 4, .draw = draw_shapes},
      {.train = request.count == 0 ? kDefaultImages : request.count,
       .test = kTestImages,
       .seed = stream_seed(request.seed, "data")},
      request.size == 0 ? kDefaultSize : request.size);
}

}  // namespace assay
