// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <numbers>

#include "core/random.h"
#include "data/generated.h"
#include "data/split.h"

namespace assay {
namespace {

using std::numbers::pi;
using Point = std::array<double, 2>;

/// A set of points before noise, and what becomes of them.
struct PlaneSet {
  std::string_view name;
  Point (*draw)(RandomStream& random);
  double noise, scale, middle;
};

Point of_swiss_roll(RandomStream& random) {
  const double t = 1.5 * pi * (1.0 + 2.0 * random.uniform());
  return {t * std::cos(t), t * std::sin(t)};
}

Point of_moons(RandomStream& random) {
  const bool upper = random.below(2) == 0;
  const double t = pi * random.uniform();
  return upper ? Point{std::cos(t), std::sin(t)} : Point{1.0 - std::cos(t), 0.5 - std::sin(t)};
}

Point of_s_curve(RandomStream& random) {
  const double t = 3.0 * pi * (random.uniform() - 0.5);
  return {std::sin(t), std::copysign(1.0, t) * (std::cos(t) - 1.0)};
}

Point of_checkerboard(RandomStream& random) {
  const auto square = random.below(8);
  const auto column = square / 2, row = 2 * (square % 2) + column % 2;
  const double x = random.uniform(), y = random.uniform();
  return {2.0 * (static_cast<double>(column) + x) - 4.0,
          2.0 * (static_cast<double>(row) + y) - 4.0};
}

constexpr PlaneSet kSwissRoll{"swiss_roll", of_swiss_roll, 0.25, 1.0 / 7.5, 0.0};
constexpr PlaneSet kMoons{"moons", of_moons, 0.05, 2.0, 0.5};
constexpr PlaneSet kSCurve{"s_curve", of_s_curve, 0.05, 1.5, 0.0};
constexpr PlaneSet kCheckerboard{"checkerboard", of_checkerboard, 0.0, 1.0, 0.0};

DataSplit drawn(const PlaneSet& set, std::int64_t count, std::uint64_t seed) {
  RandomStream random(seed);
  auto points = at::empty({count, 2}, at::kFloat);
  auto* value = points.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    const Point point = set.draw(random);
    for (const double coordinate : point) {
      const double noisy = coordinate + set.noise * random.normal();
      *value++ = static_cast<float>(set.scale * (noisy - set.middle));
    }
  }
  return make_split(points, {});
}

Dataset load(PlaneSet set, const DatasetRequest& request) {
  const auto count = points_asked_for(set.name, request);
  if (request.noise > 0.0) set.noise = request.noise;
  if (request.scale > 0.0) set.scale = request.scale;
  Dataset dataset;
  dataset.name = set.name;
  dataset.train = drawn(set, count, stream_seed(request.seed, "data"));
  dataset.test = drawn(set, kTestPoints, stream_seed(request.seed, "data/test"));
  return dataset;
}

}  // namespace

Dataset load_swiss_roll(const DatasetRequest& request) { return load(kSwissRoll, request); }
Dataset load_moons(const DatasetRequest& request) { return load(kMoons, request); }
Dataset load_s_curve(const DatasetRequest& request) { return load(kSCurve, request); }
Dataset load_checkerboard(const DatasetRequest& request) { return load(kCheckerboard, request); }

}  // namespace assay
