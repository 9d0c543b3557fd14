// SPDX-License-Identifier: Apache-2.0
// What a picture of a scene shows: the inverse of draw_shapes.
#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "data/factor_grid.h"
#include "data/shapes.h"
#include "data/shapes_scene.h"

namespace assay {
namespace {

using std::int64_t;

// A picture is linear in the colours of its three surfaces but for the rounding to bytes. So the
// squared distance of x from the picture of lights L [3,P] and colours C [3,3] is
// |x|² − 2 Σ (L xᵀ) C + Σ C ᵀ (L Lᵀ) C, where L xᵀ is asked for once a geometry.
constexpr int64_t kSurfaces = 3, kHues = 10, kColourings = kHues * kHues * kHues;
constexpr int64_t kImagesAtOnce = 64, kGeometriesAtOnce = 24;

std::vector<Factor> factors_of(std::size_t first, std::size_t last) {
  return {shape_factors().begin() + static_cast<std::ptrdiff_t>(first),
          shape_factors().begin() + static_cast<std::ptrdiff_t>(last)};
}

// Of floor, wall and object in every combination of hues, as factors_at orders them: [1000,3,3].
at::Tensor colourings() {
  auto colours = at::empty({kHues, 3}, at::kDouble);
  auto of = colours.accessor<double, 2>();
  for (int64_t hue = 0; hue < kHues; ++hue) {
    for (std::size_t c = 0; c < 3; ++c) of[hue][static_cast<int64_t>(c)] = colour_of(hue)[c];
  }
  const auto hues = factors_at(factors_of(0, 3), at::arange(kColourings, at::kLong));
  return colours.index_select(0, hues.flatten()).view({kColourings, kSurfaces, 3});
}

// Lights of every geometry as shares of a colour: [480,3,P].
at::Tensor lights_of(const at::Tensor& geometries, int64_t size) {
  const int64_t pixels = size * size;
  auto all = at::empty({geometries.size(0), kSurfaces, pixels}, at::kDouble);
  auto share = all.accessor<double, 3>();
  const auto row = geometries.accessor<int64_t, 2>();
  for (int64_t g = 0; g < geometries.size(0); ++g) {
    const auto lights =
        light_of({.scale = row[g][0], .shape = row[g][1], .orientation = row[g][2]}, size);
    for (int64_t p = 0; p < pixels; ++p) {
      const PixelLight& light = lights[static_cast<std::size_t>(p)];
      share[g][0][p] = static_cast<double>(light.floor) / kMostLight;
      share[g][1][p] = static_cast<double>(light.wall) / kMostLight;
      share[g][2][p] = static_cast<double>(light.object) / kMostLight;
    }
  }
  return all;
}

class Scenes {
 public:
  explicit Scenes(int64_t size)
      : geometries_(factors_at(factors_of(3, 6), at::arange(kGeometries, at::kLong))),
        lights_(lights_of(geometries_, size)) {
    const auto colours = colourings();
    colours_ = colours.view({kColourings, 9}).t().contiguous();
    // Σ over channels of Cᵀ G C for each geometry's G and each colouring's C: [480,1000].
    const auto gram = at::bmm(lights_, lights_.transpose(1, 2)).view({kGeometries, 9});
    const auto products = at::bmm(colours, colours.transpose(1, 2)).view({kColourings, 9});
    norms_ = at::mm(gram, products.t());
  }

  // images [n,3,P] f64 -> factors [n,6].
  at::Tensor nearest(const at::Tensor& images) const {
    const int64_t n = images.size(0), pixels = images.size(2);
    // [n,3 channels,480,3 surfaces], then a row of surfaces by channels for each geometry and
    // image.
    const auto seen = at::mm(images.reshape({n * 3, pixels}), lights_.view({-1, pixels}).t())
                          .view({n, 3, kGeometries, kSurfaces})
                          .permute({2, 0, 3, 1})
                          .reshape({kGeometries, n, 9});
    auto least = at::full({n}, std::numeric_limits<double>::infinity(), at::kDouble);
    auto place = at::zeros({n}, at::kLong);
    for (int64_t g = 0; g < kGeometries; g += kGeometriesAtOnce) {
      const int64_t count = std::min(kGeometriesAtOnce, kGeometries - g);
      // |x|² is the same for all.
      const auto distances =
          norms_.narrow(0, g, count).unsqueeze(1) -
          2.0 * at::matmul(seen.narrow(0, g, count), colours_);      // [count,n,1000]
      const auto flat = distances.transpose(0, 1).reshape({n, -1});  // [n,count·1000]
      const auto [value, at] = flat.min(1);
      const auto nearer = value < least;
      least = at::where(nearer, value, least);
      place = at::where(nearer, at + g * kColourings, place);
    }
    const auto hues = factors_at(factors_of(0, 3), place.remainder(kColourings));
    return at::cat({hues, geometries_.index_select(0, place.floor_divide(kColourings))}, 1);
  }

 private:
  static constexpr int64_t kGeometries = 480;
  at::Tensor geometries_, lights_, colours_, norms_;
};

}  // namespace

at::Tensor read_shapes(const at::Tensor& images) {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3 && images.scalar_type() == at::kByte &&
                  images.size(2) == images.size(3) &&
                  (images.size(2) == 32 || images.size(2) == 64),
              "read_shapes: images are [N,3,32,32] or [N,3,64,64] u8, not ", images.sizes());
  const Scenes scenes(images.size(2));
  std::vector<at::Tensor> factors = {at::empty({0, 6}, at::kLong)};
  for (const at::Tensor& block : images.split(kImagesAtOnce)) {
    if (block.size(0) > 0) factors.push_back(scenes.nearest(block.flatten(2).to(at::kDouble)));
  }
  return at::cat(factors);
}

}  // namespace assay
