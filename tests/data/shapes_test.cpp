// SPDX-License-Identifier: Apache-2.0
#include "data/shapes.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/random.h"
#include "data/factor_grid.h"
#include "data/shapes_scene.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kCube = 0, kSphere = 2, kCapsule = 3;

std::string bytes_of(const at::Tensor& image) {
  const auto flat = image.contiguous();
  return {static_cast<const char*>(flat.const_data_ptr()), flat.nbytes()};
}

/// floor hue, wall hue, object hue, scale, shape, orientation
at::Tensor scene(std::vector<std::int64_t> factors, std::int64_t size = 64) {
  return draw_shapes(at::tensor(factors, at::kLong).view({1, 6}), size)[0];
}

/// Every geometry under the same hues, or every three hues of one geometry.
at::Tensor geometries(std::int64_t hue) {
  const std::vector<Factor> some(shape_factors().begin() + 3, shape_factors().end());
  const auto factors = factors_at(some, at::arange(480, at::kLong));
  return at::cat({at::full({480, 3}, hue, at::kLong), factors}, 1);
}
at::Tensor hues(std::vector<std::int64_t> geometry) {
  const std::vector<Factor> some(shape_factors().begin(), shape_factors().begin() + 3);
  const auto factors = factors_at(some, at::arange(1000, at::kLong));
  return at::cat({factors, at::tensor(geometry, at::kLong).expand({1000, 3})}, 1);
}

std::size_t different(const at::Tensor& images) {
  std::set<std::string> seen;
  for (std::int64_t i = 0; i < images.size(0); ++i) seen.insert(bytes_of(images[i]));
  return seen.size();
}

/// Pixels that are of the object at least in part: those that its hue changes.
at::Tensor object_of(std::vector<std::int64_t> factors, std::int64_t size = 64) {
  const auto one = scene(factors, size);
  factors[2] = (factors[2] + 5) % 10;
  return one.ne(scene(factors, size)).any(0);
}

TEST(Shapes, HaveTheFactorGridOf3DShapes) {
  EXPECT_EQ(grid_size(shape_factors()), 480000);
  EXPECT_EQ(shape_factors()[4].name, "shape");
  EXPECT_EQ(shape_factors()[5].size, 15);
}

TEST(Shapes, AllDifferInGeometryUnderEveryHueAndInHuesUnderGeometries) {
  for (const std::int64_t size : {32, 64}) {
    // One hue for floor, wall and object is the hardest: light and shade alone tell.
    for (const std::int64_t hue : {0, 3}) {
      EXPECT_EQ(different(draw_shapes(geometries(hue), size)), 480U) << size;
    }
    EXPECT_EQ(different(draw_shapes(hues({0, kSphere, 7}), size)), 1000U) << size;
  }
  // Floor, wall and object are all in every picture, so hues always tell.
  for (std::int64_t i = 0; i < 480; ++i) {
    PixelLight all;
    for (const PixelLight& light :
         light_of({.scale = i % 8, .shape = i / 8 % 4, .orientation = i / 32}, 32)) {
      ASSERT_LE(light.floor + light.wall + light.object, kMostLight);
      all.floor += light.floor;
      all.wall += light.wall;
      all.object += light.object;
    }
    EXPECT_GT(std::min({all.floor, all.wall, all.object}), 15 * kMostLight) << i;
  }
}

TEST(Shapes, HuesAreThoseOfTheColourCircle) {
  // The first pixel is wall, the last one floor, both under one light: red has no green or blue,
  // hue 5 is cyan, hue 1 (36°) has 3/5 as much green as red.
  const auto red = scene({0, 0, 0, 4, kCube, 7});
  EXPECT_EQ(red[1].max().item<int>(), 0);
  EXPECT_EQ(red[2].max().item<int>(), 0);
  const auto cyan = scene({5, 5, 5, 4, kCube, 7});
  EXPECT_TRUE(cyan[1].equal(red[0]));
  EXPECT_TRUE(cyan[2].equal(red[0]));
  const auto orange = scene({1, 1, 1, 4, kCube, 7}).to(at::kDouble);
  EXPECT_LE((orange[1] - 0.6 * orange[0]).abs().max().item<double>(), 0.8);
  // A hue colours what it is of: floor below, wall above.
  const auto other_floor = scene({2, 0, 0, 4, kCube, 7}).ne(red).any(0);
  EXPECT_FALSE(other_floor.slice(0, 0, 8).any().item<bool>());
  EXPECT_TRUE(other_floor.slice(0, 60).all().item<bool>());
  const auto other_wall = scene({0, 2, 0, 4, kCube, 7}).ne(red).any(0);
  EXPECT_TRUE(other_wall.slice(0, 0, 4).all().item<bool>());
  EXPECT_FALSE(other_wall.slice(0, 60).any().item<bool>());
}

TEST(Shapes, ScaleGrowsTheObjectByItsSquare) {
  for (std::int64_t shape = 0; shape < 4; ++shape) {
    double before = 0.0;
    for (std::int64_t scale = 0; scale < 8; ++scale) {
      const double area = object_of({0, 3, 6, scale, shape, 7}).sum().item<double>();
      EXPECT_GT(area, before) << shape << " " << scale;
      before = area;
    }
    // (5/3)² in parallel projection; nearer parts grow a little faster.
    const double least = object_of({0, 3, 6, 0, shape, 7}).sum().item<double>();
    EXPECT_GT(before / least, 25.0 / 9.0 * 0.95) << shape;
    EXPECT_LT(before / least, 25.0 / 9.0 * 1.35) << shape;
  }
}

TEST(Shapes, RoundObjectsKeepTheirOutlineAndTheRoomTurns) {
  const auto front = object_of({0, 3, 6, 4, kSphere, 7}),
             turned = object_of({0, 3, 6, 4, kSphere, 0});
  // Up to the rounding of the turned camera's place.
  EXPECT_LT(front.ne(turned).sum().item<double>(), 0.1 * front.sum().item<double>());
  // A cube seen over its edge is wider than from its front.
  const auto width = [](const at::Tensor& object) { return object.any(0).sum().item<int>(); };
  EXPECT_GT(width(object_of({0, 3, 6, 4, kCube, 0})), width(object_of({0, 3, 6, 4, kCube, 7})) + 2);
  // Opposite turns have mirrored outlines, up to rounding, but not mirrored light.
  const auto left = object_of({0, 3, 6, 4, kCube, 2}), right = object_of({0, 3, 6, 4, kCube, 12});
  EXPECT_LT(left.ne(right.flip(1)).sum().item<double>(), 0.1 * left.sum().item<double>());
  EXPECT_FALSE(scene({0, 3, 6, 4, kCube, 2}).equal(scene({0, 3, 6, 4, kCube, 12}).flip(2)));
}

TEST(Shapes, TheRoomsCornerWandersWithTheOrientation) {
  // Both walls differ in light: where the top row's brightness changes is the corner.
  std::vector<std::int64_t> corners;
  for (std::int64_t turn = 8; turn < 15; ++turn) {
    const auto row = scene({0, 0, 0, 0, kCapsule, turn})[0][0].to(at::kLong);
    corners.push_back(row.diff().abs().argmax().item<std::int64_t>());
  }
  for (std::size_t i = 1; i < corners.size(); ++i) EXPECT_NE(corners[i], corners[i - 1]);
}

TEST(Shapes, TheSphereIsWhereItsProjectionSays) {
  // Centre (0, 0, 0.9·s) seen from (0, −7, 3.5) towards (0, 0, 1), s = 33/28 · … at scale 6. With f
  // = (0, 7, −2.5)/7.433 and u ⟂ f: tan of the angle below the middle, over tan of half the view
  // (875/2081), times 32 pixels, down from the middle.
  const double z = 0.9 * 33.0 / 28.0;
  const double forward = (7.0 * 7.0 + (z - 3.5) * -2.5) / 7.433,
               up = (7.0 * 2.5 + (z - 3.5) * 7.0) / 7.433;
  const double row = 31.5 - 32.0 * up / forward / (875.0 / 2081.2);
  const auto where = object_of({0, 3, 6, 6, kSphere, 7}).nonzero().to(at::kDouble).mean(0);
  EXPECT_NEAR(where[0].item<double>(), row, 0.6);
  EXPECT_NEAR(where[1].item<double>(), 31.5, 0.3);
  // Its radius: asin(r/d), likewise.
  const double d = std::sqrt(49.0 + (z - 3.5) * (z - 3.5)), r = z;
  const double radius = 32.0 * std::tan(std::asin(r / d)) / (875.0 / 2081.2);
  const double width = object_of({0, 3, 6, 6, kSphere, 7}).any(0).sum().item<double>();
  EXPECT_NEAR(width, 2.0 * radius, 2.0);
}

TEST(Shapes, TheCapsuleEndsInItsTwoSpheres) {
  // Of scale 6: radius r = 0.6 · 33/28, centres at r and 2.2 · 33/28 − r. Seen from 3.5 above and 7
  // before, the lower one's lowest ray is atan((3.5 − r)/7) + asin(r/d) below the horizon, the
  // upper one's highest likewise; the camera looks atan(2.5/7) down.
  const double r = 0.6 * 33.0 / 28.0, top = 2.2 * 33.0 / 28.0 - r;
  const auto row = [&](double z, double side) {
    const double below = std::atan((3.5 - z) / 7.0) - std::atan(2.5 / 7.0);
    return 31.5 + 32.0 * std::tan(below + side * std::asin(r / std::hypot(7.0, 3.5 - z))) /
                      (875.0 / 2081.2);
  };
  const auto rows = object_of({0, 3, 6, 6, kCapsule, 7}).any(1).nonzero().squeeze(1);
  EXPECT_NEAR(rows[0].item<double>(), row(top, -1.0), 1.0);
  EXPECT_NEAR(rows[-1].item<double>(), row(r, 1.0), 1.0);
}

TEST(Shapes, SplitsAreDisjointAndSeeded) {
  const auto shapes = load_dataset({.name = "shapes", .size = 32, .count = 2000, .seed = 4});
  EXPECT_EQ(shapes.train.images.sizes(), (at::IntArrayRef{2000, 3, 32, 32}));
  EXPECT_EQ(shapes.test.size(), 10000);
  EXPECT_EQ(shapes.classes, 4);
  EXPECT_TRUE(shapes.train.labels.equal(shapes.train.factors.select(1, 4)));
  const auto all = at::cat({shapes.train.factors, shapes.test.factors});
  EXPECT_EQ(std::get<0>(at::unique_dim(all, 0)).size(0), 12000);
}

TEST(Shapes, AreTheSameOnEveryMachine) {
  EXPECT_EQ(sha256_hex(bytes_of(draw_shapes(geometries(3), 64))),
            "fe866ae8c5e1ee56b76b928c289b01b6e3a83b1558015295147adde649321ff4");
  EXPECT_EQ(sha256_hex(bytes_of(draw_shapes(geometries(3), 32))),
            "baa87b1ab364f9ed2f7bcdef0c04a3ffc79287af80a63dafb81156fbcdf4e086");
  EXPECT_EQ(sha256_hex(bytes_of(draw_shapes(hues({4, 1, 3}), 32))),
            "d41271254f00c62d6a24bfc27d7af0f3c5204d84ab0cdcc35ab59703ad463f25");
  EXPECT_EQ(load_dataset({.name = "shapes", .size = 32, .count = 50, .seed = 1}).train.digest,
            "8acc41d71a2090ade059e976073bfc21fd0640d4b4ad55cfb77f0351340f911a");
}

TEST(Shapes, RefuseWhatTheyAreNotDrawnAs) {
  EXPECT_THAT(refusal([] { load_dataset({.name = "shapes", .size = 48}); }),
              HasSubstr("shapes: dataset.size = 48; they are drawn at 32 or 64"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "shapes", .channels = 1}); }),
              HasSubstr("three of their factors are hues"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "shapes", .count = 470001}); }),
              HasSubstr("dataset.count = 470001"));
}

TEST(ReadShapes, GivesDrawnScenesTheirOwnFactors) {
  // Every geometry under one set of hues, then every hue of one geometry.
  for (const std::int64_t size : {32, 64}) {
    const auto all = at::cat({geometries(3), hues({2, 0, 11})}).slice(0, 0, 1480, size / 32);
    EXPECT_TRUE(read_shapes(draw_shapes(all, size)).equal(all)) << size;
  }
}

TEST(ReadShapes, SeesThroughNoise) {
  const auto factors = at::tensor({0, 3, 7, 5, 1, 4, 9, 9, 2, 0, 3, 14}, at::kLong).view({2, 6});
  auto images = draw_shapes(factors, 32).to(at::kInt);
  // A checkerboard of ±12 levels.
  const auto board = (at::arange(32).view({32, 1}) + at::arange(32)).remainder(2) * 24 - 12;
  images = (images + board).clamp(0, 255);
  EXPECT_TRUE(read_shapes(images.to(at::kByte)).equal(factors));
}

TEST(ReadShapes, NamesWhatChanged) {
  auto factors = at::tensor({0, 3, 7, 5, 1, 4}, at::kLong).view({1, 6});
  const auto before = read_shapes(draw_shapes(factors, 32));
  factors[0][4] = 2;  // a sphere, not a cylinder
  const auto changed = read_shapes(draw_shapes(factors, 32)).ne(before).to(at::kLong);
  EXPECT_TRUE(changed.equal(at::tensor({0, 0, 0, 0, 1, 0}, at::kLong).view({1, 6})));
}

TEST(ReadShapes, RefusesOtherPictures) {
  EXPECT_THROW(read_shapes(at::zeros({1, 1, 32, 32}, at::kByte)), c10::Error);
  EXPECT_THROW(read_shapes(at::zeros({1, 3, 28, 28}, at::kByte)), c10::Error);
  EXPECT_EQ(read_shapes(at::zeros({0, 3, 32, 32}, at::kByte)).sizes(), at::IntArrayRef({0, 6}));
}

}  // namespace
}  // namespace assay
