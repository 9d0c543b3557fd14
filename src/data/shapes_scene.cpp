// SPDX-License-Identifier: Apache-2.0
#include "data/shapes_scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace assay {
namespace {

using std::int64_t;

// A length of 1: a tenth of it at a scale of n/28 measures n.
constexpr int64_t kUnit = 280;

struct Vec {
  int64_t x = 0, y = 0, z = 0;
};
int64_t dot(const Vec& a, const Vec& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

constexpr Vec kCamera{0, -7 * kUnit, 7 * kUnit / 2};
// To the middle of the picture, and half a picture to the right and upwards.
constexpr Vec kForward{0, 7 * kUnit, -5 * kUnit / 2}, kRight{875, 0, 0}, kUp{0, 294, 824};
constexpr int64_t kHalfRoom = 9 * kUnit / 2;

// round(4096 cos(−30° + k 60°/14)) and the same of the sine.
constexpr int64_t kOne = 4096;
constexpr std::array<int64_t, 15> kCosines = {3547, 3690, 3813, 3914, 3993, 4050, 4085, 4096,
                                              4085, 4050, 3993, 3914, 3813, 3690, 3547};
constexpr std::array<int64_t, 15> kSines = {-2048, -1777, -1496, -1207, -911, -610, -306, 0,
                                            306,   610,   911,   1207,  1496, 1777, 2048};

// A vector of the camera's axes in those of a room turned by the orientation.
Vec in_room(const Vec& v, int64_t orientation) {
  const auto k = static_cast<std::size_t>(orientation);
  return {(v.x * kCosines[k] + v.y * kSines[k]) / kOne,
          (v.y * kCosines[k] - v.x * kSines[k]) / kOne, v.z};
}

// Lambert's law for a normal in the room's axes, of the given length but for rounding; below 255.
int64_t brightness(const Vec& normal, int64_t length) {
  constexpr Vec kLight{-2, -3, 6};  // of length 7
  return 90 + 160 * std::max<int64_t>(0, dot(normal, kLight)) / (7 * length);
}

// A point of a ray, as a share numerator/denominator of its direction.
struct Share {
  int64_t numerator = 0, denominator = 1;  // > 0
  bool operator<(const Share& other) const {
    return numerator * other.denominator < other.numerator * denominator;
  }
};

struct Ray {
  Vec from, along;
  // The coordinate `start + step · share`.
  static int64_t at(int64_t start, int64_t step, const Share& share) {
    return start + step * share.numerator / share.denominator;
  }
};

int64_t integer_root(int64_t square) {
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(square)));
  while (root * root > square) --root;
  while ((root + 1) * (root + 1) <= square) ++root;
  return root;
}

// First point where |from + t along|² = radius², of the coordinates given.
std::optional<Share> first_meeting(int64_t along2, int64_t from_along, int64_t from2,
                                   int64_t radius) {
  const int64_t inside = from_along * from_along - along2 * (from2 - radius * radius);
  if (inside < 0 || along2 == 0) return std::nullopt;
  return Share{-from_along - integer_root(inside), along2};
}

std::optional<int64_t> sphere(const Ray& ray, int64_t radius, int64_t height) {
  const Vec from{ray.from.x, ray.from.y, ray.from.z - height};
  const auto share =
      first_meeting(dot(ray.along, ray.along), dot(from, ray.along), dot(from, from), radius);
  if (!share) return std::nullopt;
  return brightness({Ray::at(from.x, ray.along.x, *share), Ray::at(from.y, ray.along.y, *share),
                     Ray::at(from.z, ray.along.z, *share)},
                    radius);
}

// Where the ray enters an endless upright cylinder about the room's centre.
std::optional<Vec> side_of_cylinder(const Ray& ray, int64_t radius) {
  const Vec from{ray.from.x, ray.from.y, 0}, along{ray.along.x, ray.along.y, 0};
  const auto share = first_meeting(dot(along, along), dot(from, along), dot(from, from), radius);
  if (!share) return std::nullopt;
  return Vec{Ray::at(from.x, along.x, *share), Ray::at(from.y, along.y, *share),
             Ray::at(ray.from.z, ray.along.z, *share)};
}

// The camera is above every object, so what is hit from above is hit first.
std::optional<int64_t> cylinder(const Ray& ray, int64_t radius, int64_t height) {
  if (ray.along.z < 0) {
    const Share share{ray.from.z - height, -ray.along.z};
    const int64_t x = Ray::at(ray.from.x, ray.along.x, share);
    const int64_t y = Ray::at(ray.from.y, ray.along.y, share);
    if (x * x + y * y <= radius * radius) return brightness({0, 0, radius}, radius);
  }
  const auto side = side_of_cylinder(ray, radius);
  if (!side || side->z < 0 || side->z > height) return std::nullopt;
  return brightness({side->x, side->y, 0}, radius);
}

// Whoever enters the cylinder around a capsule above or below its straight part can only meet the
// sphere at that end.
std::optional<int64_t> capsule(const Ray& ray, int64_t radius, int64_t height) {
  const auto side = side_of_cylinder(ray, radius);
  if (!side) return std::nullopt;
  if (side->z > height - radius) return sphere(ray, radius, height - radius);
  if (side->z < radius) return sphere(ray, radius, radius);
  return brightness({side->x, side->y, 0}, radius);
}

// Where a ray enters and leaves low ≤ coordinate ≤ high.
struct Slab {
  Share in, out;
  bool missed = false;
};
Slab slab(int64_t from, int64_t along, int64_t low, int64_t high) {
  if (along == 0) return {{-1, 0}, {1, 0}, from < low || from > high};  // always, or never
  if (along > 0) return {{low - from, along}, {high - from, along}};
  return {{from - high, -along}, {from - low, -along}};
}

std::optional<int64_t> box(const Ray& ray, int64_t half, int64_t height) {
  const Slab x = slab(ray.from.x, ray.along.x, -half, half);
  const Slab y = slab(ray.from.y, ray.along.y, -half, half);
  const Slab z = slab(ray.from.z, ray.along.z, 0, height);
  const Share in = std::max({x.in, y.in, z.in}), out = std::min({x.out, y.out, z.out});
  if (x.missed || y.missed || z.missed || out < in || in.numerator < 0) return std::nullopt;
  if (!(z.in < in)) return brightness({0, 0, 1}, 1);
  const int64_t towards_x = ray.along.x > 0 ? -1 : 1, towards_y = ray.along.y > 0 ? -1 : 1;
  return x.in < in ? brightness({0, towards_y, 0}, 1) : brightness({towards_x, 0, 0}, 1);
}

std::optional<int64_t> object(const Ray& ray, const SceneGeometry& geometry) {
  const int64_t tenth = 21 + 2 * geometry.scale;
  switch (geometry.shape) {
    case 0:
      return box(ray, 8 * tenth, 16 * tenth);
    case 1:
      return cylinder(ray, 8 * tenth, 16 * tenth);
    case 2:
      return sphere(ray, 9 * tenth, 9 * tenth);
    default:
      return capsule(ray, 6 * tenth, 22 * tenth);
  }
}

// The object stands between the camera and all else; of the room, what is left first.
void add_light(const Ray& ray, const SceneGeometry& geometry, PixelLight& light) {
  if (const auto seen = object(ray, geometry)) {
    light.object += static_cast<std::int32_t>(*seen);
    return;
  }
  const Slab x = slab(ray.from.x, ray.along.x, -kHalfRoom, kHalfRoom);
  const Slab y = slab(ray.from.y, ray.along.y, -kHalfRoom, kHalfRoom);
  const Share wall = std::min(x.out, y.out);
  if (ray.along.z < 0 && Share{ray.from.z, -ray.along.z} < wall) {
    light.floor += static_cast<std::int32_t>(brightness({0, 0, 1}, 1));
    return;
  }
  const Vec inwards =
      x.out < y.out ? Vec{ray.along.x > 0 ? -1 : 1, 0, 0} : Vec{0, ray.along.y > 0 ? -1 : 1, 0};
  light.wall += static_cast<std::int32_t>(brightness(inwards, 1));
}

}  // namespace

HueColour colour_of(int64_t hue) {
  const auto sector = hue * 6 / 10;
  const auto rising = static_cast<std::int32_t>(hue * 6 % 10 * 255 / 10), falling = 255 - rising;
  switch (sector) {
    case 0:
      return {255, rising, 0};
    case 1:
      return {falling, 255, 0};
    case 2:
      return {0, 255, rising};
    case 3:
      return {0, falling, 255};
    case 4:
      return {rising, 0, 255};
    default:
      return {255, 0, falling};
  }
}

std::vector<PixelLight> light_of(const SceneGeometry& geometry, std::int64_t size) {
  const Vec from = in_room(kCamera, geometry.orientation);
  const int64_t samples = 2 * size;
  std::vector<PixelLight> lights(static_cast<std::size_t>(size * size));
  for (int64_t sample = 0; sample < samples * samples; ++sample) {
    const int64_t row = sample / samples, column = sample % samples;
    // Odd, from 1 − samples to samples − 1.
    const int64_t right = 2 * column + 1 - samples, up = samples - 1 - 2 * row;
    const auto mixed = [&](int64_t Vec::*axis) {
      return (samples * kForward.*axis + right * kRight.*axis + up * kUp.*axis) / (samples / 8);
    };
    const Vec along =
        in_room({mixed(&Vec::x), mixed(&Vec::y), mixed(&Vec::z)}, geometry.orientation);
    add_light({from, along}, geometry,
              lights[static_cast<std::size_t>(row / 2 * size + column / 2)]);
  }
  return lights;
}

}  // namespace assay
