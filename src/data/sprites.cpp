// SPDX-License-Identifier: Apache-2.0
#include "data/sprites.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/error.h"
#include "core/random.h"
#include "data/factor_grid.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kDefaultSize = 64;
constexpr int64_t kDefaultImages = 60'000, kMostImages = 720'000, kTestImages = 10'000;
constexpr int64_t kOrientations = 40, kPlaces = 32;

// Lengths are in eighths of a pixel of 64, angles' cosines and sines in 4096ths.
constexpr int64_t kPixel = 8, kSide = 64 * kPixel, kOne = 4096;
constexpr int64_t kFirstX = 16 * kPixel + 1, kFirstY = 16 * kPixel + 3;
constexpr int64_t kReach = 16 * kPixel;
constexpr int64_t kSquare = 88;                            // half a side
constexpr int64_t kEllipseLong = 124, kEllipseShort = 62;  // half axes
constexpr int64_t kHeart = 96;                             // half a diagonal of its square

// round(4096 cos(2πk/39)) and the same of the sine, k = 0…39.
constexpr std::array<int64_t, kOrientations> kCosines = {
    4096,  4043,  3885,  3627,  3275,  2837,  2327,  1756,  1140,  494,
    -165,  -819,  -1452, -2048, -2590, -3066, -3462, -3768, -3977, -4083,
    -4083, -3977, -3768, -3462, -3066, -2590, -2048, -1452, -819,  -165,
    494,   1140,  1756,  2327,  2837,  3275,  3627,  3885,  4043,  4096};
constexpr std::array<int64_t, kOrientations> kSines = {
    0,     657,   1297,  1904,  2461,  2954,  3371,  3701,  3934,  4066,
    4093,  4013,  3830,  3547,  3173,  2716,  2189,  1605,  980,   330,
    -330,  -980,  -1605, -2189, -2716, -3173, -3547, -3830, -4013, -4093,
    -4066, -3934, -3701, -3371, -2954, -2461, -1904, -1297, -657,  0};

// Is the point (x, y) of the upright sprite inside it? `unit` is what one eighth of a pixel of the
// outline measures in the point's units.
using Outline = bool (*)(int64_t x, int64_t y, int64_t unit);

bool in_square(int64_t x, int64_t y, int64_t unit) {
  return std::max(std::abs(x), std::abs(y)) <= kSquare * unit;
}

bool in_ellipse(int64_t x, int64_t y, int64_t unit) {
  const int64_t across = kEllipseShort * x, up = kEllipseLong * y;
  const int64_t radius = kEllipseLong * kEllipseShort * unit;
  return across * across + up * up <= radius * radius;
}

// A square on its corner and two discs over its upper sides, turned by 45° so that both are plain;
// 5/16 of half a side from the square's centre is the centre of mass (0.3133 by integration).
bool in_heart(int64_t x, int64_t y, int64_t unit) {
  const int64_t half = 16 * kHeart * unit, shift = 5 * kHeart * unit;
  const int64_t p = 16 * (x + y) + shift, q = 16 * (y - x) + shift;
  if (std::max(std::abs(p), std::abs(q)) <= half) return true;
  const int64_t left = p * p + (q - half) * (q - half), right = (p - half) * (p - half) + q * q;
  return std::min(left, right) <= half * half;
}

constexpr std::array<Outline, 3> kOutlines = {in_square, in_ellipse, in_heart};

// Draws one sprite into black `pixels` [size,size].
void draw(const int64_t* factors, int64_t size, std::uint8_t* pixels) {
  const auto shape = static_cast<std::size_t>(factors[0]);
  const auto turn = static_cast<std::size_t>(factors[2]);
  const int64_t centre_x = kFirstX + factors[3] * kPixel, centre_y = kFirstY + factors[4] * kPixel;
  const int64_t unit = (5 + factors[1]) * kOne;  // scales are tenths
  const int64_t step = kSide / size;
  const auto first = [&](int64_t centre) { return std::max<int64_t>(0, (centre - kReach) / step); };
  const auto last = [&](int64_t centre) { return std::min(size - 1, (centre + kReach) / step); };
  for (int64_t row = first(centre_y); row <= last(centre_y); ++row) {
    for (int64_t column = first(centre_x); column <= last(centre_x); ++column) {
      const int64_t dx = column * step + step / 2 - centre_x;
      const int64_t dy = centre_y - row * step - step / 2;
      const int64_t x = 10 * (dx * kCosines[turn] + dy * kSines[turn]);
      const int64_t y = 10 * (dy * kCosines[turn] - dx * kSines[turn]);
      if (kOutlines[shape](x, y, unit)) pixels[row * size + column] = 255;
    }
  }
}

void check_request(const DatasetRequest& request) {
  if (request.size != 0 && request.size != 32 && request.size != 64) {
    throw Error(
        fmt::format("sprites: dataset.size = {}; they are drawn at 32 or 64 pixels", request.size));
  }
  if (request.channels > 1) {
    throw Error(fmt::format("sprites: dataset.channels = {}; they are black and white: take 1",
                            request.channels));
  }
  if (request.count < 0 || request.count > kMostImages) {
    throw Error(
        fmt::format("sprites: dataset.count = {} is outside 1 to {}, which leaves {} of the "
                    "grid's 737,280 for testing",
                    request.count, kMostImages, kTestImages));
  }
}

// The last orientation is the first one again.
int64_t first_of_same(int64_t place) {
  constexpr int64_t kStep = kPlaces * kPlaces;
  const bool whole_turn = place / kStep % kOrientations == kOrientations - 1;
  return whole_turn ? place - (kOrientations - 1) * kStep : place;
}

}  // namespace

const std::vector<Factor>& sprite_factors() {
  static const std::vector<Factor> kFactors = {
      {"shape", 3}, {"scale", 6}, {"orientation", kOrientations}, {"x", kPlaces}, {"y", kPlaces}};
  return kFactors;
}

at::Tensor draw_sprites(const at::Tensor& factors, int64_t size) {
  TORCH_CHECK(size == 32 || size == 64, "draw_sprites: size ", size, " is neither 32 nor 64");
  const auto rows = checked_factors(sprite_factors(), factors);
  auto images = at::zeros({rows.size(0), 1, size, size}, at::kByte);
  const auto* row = rows.const_data_ptr<int64_t>();
  auto* pixels = images.mutable_data_ptr<std::uint8_t>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    draw(row + i * rows.size(1), size, pixels + i * size * size);
  }
  return images;
}

Dataset load_sprites(const DatasetRequest& request) {
  check_request(request);
  return load_from_grid(
      {.name = "sprites", .factors = sprite_factors(), .label = 0, .draw = draw_sprites},
      {.train = request.count == 0 ? kDefaultImages : request.count,
       .test = kTestImages,
       .seed = stream_seed(request.seed, "data"),
       .first_of_same = first_of_same},
      request.size == 0 ? kDefaultSize : request.size);
}

}  // namespace assay
