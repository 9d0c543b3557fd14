// SPDX-License-Identifier: Apache-2.0
#include "data/sprites.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/digest.h"
#include "data/factor_grid.h"
#include "data/split.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSquare = 0, kEllipse = 1, kHeart = 2;

std::string bytes_of(const at::Tensor& image) {
  const auto flat = image.contiguous();
  return {static_cast<const char*>(flat.const_data_ptr()), flat.nbytes()};
}

/// shape, scale, orientation, x, y
at::Tensor sprite(std::vector<std::int64_t> factors, std::int64_t size = 64) {
  return draw_sprites(at::tensor(factors, at::kLong).view({1, 5}), size)[0][0];
}

double area(const at::Tensor& image) { return image.gt(0).sum().item<double>(); }

struct Point {
  double x = 0.0, y = 0.0;
};
/// Centre of mass in pixels, the first pixel's centre at 0.
Point centroid(const at::Tensor& image) {
  const auto white = image.gt(0).nonzero().to(at::kDouble).mean(0);
  return {white[1].item<double>(), white[0].item<double>()};
}

/// Every shape, scale and orientation at one place.
at::Tensor all_but_places(std::int64_t x, std::int64_t y) {
  const std::vector<Factor> some(sprite_factors().begin(), sprite_factors().begin() + 3);
  const auto factors = factors_at(some, at::arange(grid_size(some), at::kLong));
  const auto place = at::tensor({x, y}, at::kLong).expand({factors.size(0), 2});
  return at::cat({factors, place}, 1);
}

TEST(Sprites, HaveTheFactorGridOfDSprites) {
  EXPECT_EQ(grid_size(sprite_factors()), 737280);
  const auto factors = factors_at(sprite_factors(), at::tensor({0L, 31L, 32L, 737279L}, at::kLong));
  EXPECT_TRUE(factors[1].equal(at::tensor({0L, 0L, 0L, 0L, 31L}, at::kLong)));
  EXPECT_TRUE(factors[2].equal(at::tensor({0L, 0L, 0L, 1L, 0L}, at::kLong)));
  EXPECT_TRUE(factors[3].equal(at::tensor({2L, 5L, 39L, 31L, 31L}, at::kLong)));
}

TEST(Sprites, AreBlackAndWhiteAndInsideThePicture) {
  for (const std::int64_t size : {32, 64}) {
    for (const auto& [x, y] : {std::pair(0, 31), std::pair(31, 0)}) {
      const auto images = draw_sprites(all_but_places(x, y), size);
      EXPECT_EQ((images.eq(0).logical_or(images.eq(255))).all().item<bool>(), true);
      // Cut off, a sprite would have fewer pixels than in the middle.
      const auto middle = draw_sprites(all_but_places(16 + x % 2, 16 + y % 2), size);
      EXPECT_TRUE(images.sum({1, 2, 3}).equal(middle.sum({1, 2, 3}))) << size;
    }
  }
}

TEST(Sprites, AllOf64DifferButForTheWholeTurn) {
  // Places move the same bits, so that one place is enough.
  std::set<std::string> different;
  const auto images = draw_sprites(all_but_places(3, 4), 64);
  for (std::int64_t i = 0; i < images.size(0); ++i) different.insert(bytes_of(images[i]));
  EXPECT_EQ(different.size(), 3U * 6U * 39U);
  for (std::int64_t shape = 0; shape < 3; ++shape) {
    EXPECT_TRUE(sprite({shape, 2, 0, 5, 6}).equal(sprite({shape, 2, 39, 5, 6})));
  }
}

TEST(Sprites, SmallOnesOf32SometimesCoincide) {
  // Four phases of the half-pixel places, each moved by whole pixels over 16 × 16 places.
  std::set<std::string> different;
  for (std::int64_t x = 0; x < 2; ++x) {
    for (std::int64_t y = 0; y < 2; ++y) {
      const auto images = draw_sprites(all_but_places(x, y), 32);
      for (std::int64_t i = 0; i < images.size(0); ++i) different.insert(bytes_of(images[i]));
    }
  }
  EXPECT_LE(different.size(), 4U * 3U * 6U * 39U);
  EXPECT_GT(different.size(), 2600U);  // of 2808
}

TEST(Sprites, AStepOfAPlaceMovesTheBitsByAPixel) {
  for (const std::int64_t shape : {kSquare, kEllipse, kHeart}) {
    const auto here = sprite({shape, 4, 7, 10, 20});
    EXPECT_TRUE(sprite({shape, 4, 7, 13, 20}).equal(here.roll(3, 1)));
    EXPECT_TRUE(sprite({shape, 4, 7, 10, 19}).equal(here.roll(-1, 0)));
    // At 32, two steps to a pixel.
    const auto coarse = sprite({shape, 4, 7, 10, 20}, 32);
    EXPECT_TRUE(sprite({shape, 4, 7, 12, 20}, 32).equal(coarse.roll(1, 1)));
    EXPECT_TRUE(sprite({shape, 4, 7, 10, 24}, 32).equal(coarse.roll(2, 0)));
  }
}

TEST(Sprites, TurnAboutTheirCentreOfMass) {
  // (16⅛ + x, 16⅜ + y) from the corner, so half a pixel less from the first pixel's centre. Over 39
  // orientations the edges' rounding averages out.
  for (const std::int64_t shape : {kSquare, kEllipse, kHeart}) {
    double x = 0.0, y = 0.0;
    for (std::int64_t turn = 0; turn < 39; ++turn) {
      const auto at_turn = centroid(sprite({shape, 5, turn, 10, 12}));
      EXPECT_NEAR(at_turn.x, 25.625, 0.5);
      EXPECT_NEAR(at_turn.y, 27.875, 0.5);
      x += at_turn.x / 39;
      y += at_turn.y / 39;
    }
    EXPECT_NEAR(x, 25.625, 0.05) << shape;
    EXPECT_NEAR(y, 27.875, 0.05) << shape;
  }
}

TEST(Sprites, HaveTheAreasOfTheirOutlinesWhichGrowWithTheSquareOfTheScale) {
  // 22², π·15.5·7.75, and a square of half side h = 12/√2 with two half discs, (4 + π) h².
  const std::vector<double> areas = {484.0, 377.38, 514.18};
  for (const std::int64_t shape : {kSquare, kEllipse, kHeart}) {
    for (std::int64_t scale = 0; scale < 6; ++scale) {
      double mean = 0.0;
      for (std::int64_t turn = 0; turn < 39; ++turn) {
        mean += area(sprite({shape, scale, turn, 8, 8})) / 39;
      }
      const double factor = 0.5 + 0.1 * static_cast<double>(scale);
      const double expected = areas[static_cast<std::size_t>(shape)] * factor * factor;
      EXPECT_NEAR(mean, expected, 0.01 * expected) << shape << " at " << factor;
    }
  }
}

TEST(Sprites, OrientationTurnsCounterClockwise) {
  // The long axis by the second moments: tan 2θ = 2 Mxy/(Mxx − Myy), y upwards.
  for (const std::int64_t turn : {1, 3, 5, 8}) {
    const auto white = sprite({kEllipse, 5, turn, 16, 16}).gt(0).nonzero().to(at::kDouble);
    const auto x = white.select(1, 1) - white.select(1, 1).mean();
    const auto y = white.select(1, 0).mean() - white.select(1, 0);
    const double angle = 0.5 * std::atan2(2.0 * (x * y).sum().item<double>(),
                                          (x.square().sum() - y.square().sum()).item<double>());
    EXPECT_NEAR(angle, 2.0 * M_PI * static_cast<double>(turn) / 39.0, 0.03) << turn;
  }
  // The heart's tip is down.
  const auto rows = sprite({kHeart, 5, 0, 16, 16}).gt(0).sum(1).nonzero().squeeze(1);
  const auto lowest = rows[-1].item<std::int64_t>();
  EXPECT_LE(sprite({kHeart, 5, 0, 16, 16})[lowest].gt(0).sum().item<int>(), 2);
}

TEST(Sprites, QuarterTurnsOfASquareLookAlikeButAreNotInTheGrid) {
  // 39/4 steps would be a quarter turn: the nearest ones are 10 steps, 2.3° too far.
  const auto upright = sprite({kSquare, 5, 0, 16, 16}), turned = sprite({kSquare, 5, 10, 16, 16});
  EXPECT_FALSE(upright.equal(turned));
  EXPECT_LT(upright.ne(turned).sum().item<double>(), 0.1 * area(upright));
  EXPECT_GT(upright.ne(sprite({kSquare, 5, 5, 16, 16})).sum().item<double>(), 0.15 * area(upright));
}

TEST(Sprites, SplitsAreDrawnWithoutReplacementAndShareNoPicture) {
  const auto sprites = load_dataset({.name = "sprites", .size = 32, .count = 5000, .seed = 4});
  EXPECT_EQ(sprites.train.images.sizes(), (at::IntArrayRef{5000, 1, 32, 32}));
  EXPECT_EQ(sprites.test.images.sizes(), (at::IntArrayRef{10000, 1, 32, 32}));
  EXPECT_TRUE(sprites.train.labels.equal(sprites.train.factors.select(1, 0)));
  EXPECT_EQ(sprites.classes, 3);
  EXPECT_TRUE(draw_sprites(sprites.test.factors.slice(0, 0, 50), 32)
                  .equal(sprites.test.images.slice(0, 0, 50)));
  std::set<std::vector<std::int64_t>> places, pictures;
  for (const auto* split : {&sprites.train, &sprites.test}) {
    const auto rows = split->factors.contiguous();
    const auto* row = rows.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < split->size(); ++i, row += 5) {
      std::vector<std::int64_t> place(row, row + 5);
      EXPECT_TRUE(places.insert(place).second);
      place[2] %= 39;
      if (split == &sprites.train) {
        pictures.insert(place);
      } else {
        EXPECT_FALSE(pictures.contains(place));
      }
    }
  }
  // Every value of every factor about as often: 15,000/40 orientations, say, ± 5 √375.
  const auto turns = sprites.train.factors.select(1, 2).bincount();
  EXPECT_LT((turns - 125).abs().max().item<double>(), 5.0 * std::sqrt(125.0));
}

TEST(Sprites, OthersAreDrawnByAnotherSeedAndAreTheSameOnEveryMachine) {
  const auto digest = [](std::uint64_t seed) {
    return load_dataset({.name = "sprites", .size = 32, .count = 100, .seed = seed}).train.digest;
  };
  EXPECT_NE(digest(1), digest(2));
  EXPECT_EQ(digest(1), "50fa610a1ff42d9d69f2bd802cce3d9570c3f635dc21135685dbc4b5832d1bde");
  // All 720 at one place, both sizes; a NumPy program with the same outlines gives these as well.
  EXPECT_EQ(sha256_hex(bytes_of(draw_sprites(all_but_places(5, 9), 64))),
            "fc73d19572ce7940f4d8e51450e8dd684ce7b19951b74243cb920938b9835024");
  EXPECT_EQ(sha256_hex(bytes_of(draw_sprites(all_but_places(5, 9), 32))),
            "db394bbb3a216a6377bfc69aaa3094a4e2dbc794f1d0013e9e835dfe723df12f");
}

TEST(Sprites, FactorsArePartOfTheDigest) {
  const auto images = at::zeros({2, 1, 4, 4}, at::kByte);
  const auto labels = at::zeros({2}, at::kLong), factors = at::zeros({2, 3}, at::kLong);
  const auto other = at::ones({2, 3}, at::kLong);
  EXPECT_NE(split_digest(images, labels), split_digest(images, labels, factors));
  EXPECT_NE(split_digest(images, labels, factors), split_digest(images, labels, other));
  EXPECT_EQ(make_split(images, labels, other).digest, split_digest(images, labels, other));
  const auto none = load_dataset({.name = "generated_images", .count = 2, .seed = 1});
  EXPECT_FALSE(none.train.factors.defined());
  EXPECT_TRUE(none.factors.empty());
  const auto known = load_dataset({.name = "sprites", .size = 32, .count = 2}).factors;
  ASSERT_EQ(known.size(), 5U);
  EXPECT_EQ(known[2].name, "orientation");
  EXPECT_EQ(known[2].size, 40);
}

TEST(Sprites, RefuseWhatTheyAreNotDrawnAs) {
  EXPECT_THAT(refusal([] { load_dataset({.name = "sprites", .size = 28}); }),
              HasSubstr("sprites: dataset.size = 28; they are drawn at 32 or 64"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "sprites", .channels = 3}); }),
              HasSubstr("dataset.channels = 3"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "sprites", .count = 720001}); }),
              HasSubstr("dataset.count = 720001 is outside 1 to 720000"));
  EXPECT_THROW(draw_sprites(at::full({1, 5}, 3, at::kLong), 32), c10::Error);
}

}  // namespace
}  // namespace assay
