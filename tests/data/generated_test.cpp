// SPDX-License-Identifier: Apache-2.0
#include "data/generated.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <set>
#include <string>
#include <string_view>

#include "config/definition.h"
#include "data/data_digest.h"
#include "data/split.h"
#include "data/stacked.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Generated, RingIsEightEquallyLikelyModesOnTheUnitCircle) {
  const auto ring = load_dataset({.name = "ring", .seed = 1});
  ASSERT_EQ(ring.train.images.sizes(), (at::IntArrayRef{100000, 2}));
  EXPECT_EQ(ring.train.images.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(ring.modes->centres.norm(2, {1}), at::ones({8}, at::kDouble)));
  EXPECT_EQ(ring.modes->sigma, 0.01);
  // 12,500 expected per mode, standard deviation √(100000 · 7/64) = 104.6.
  const auto counts = ring.train.labels.bincount();
  EXPECT_LT((counts - 12500).abs().max().item<int>(), 500);
  const auto offsets =
      ring.train.images.to(at::kDouble) - ring.modes->centres.index_select(0, ring.train.labels);
  // σ = 0.01 per axis, estimated from 200,000 draws to 0.01/√400000 = 1.6e-5.
  EXPECT_NEAR(offsets.square().mean().sqrt().item<double>(), 0.01, 8e-5);
  EXPECT_NEAR(offsets.mean().item<double>(), 0.0, 1e-4);
}

TEST(Generated, GridIsTwentyFiveModesTwoApart) {
  const auto grid = load_dataset({.name = "grid", .count = 5000, .seed = 1});
  EXPECT_EQ(grid.train.size(), 5000);
  EXPECT_EQ(grid.classes, 25);
  EXPECT_EQ(grid.modes->sigma, 0.05);
  EXPECT_EQ(grid.modes->centres.min().item<double>(), -4.0);
  EXPECT_EQ(grid.modes->centres.square().sum().item<double>(), 2 * 5 * (16 + 4 + 0 + 4 + 16));
  EXPECT_TRUE(grid.is_points());
}

// What scale · (x − middle) was made of.
at::Tensor unscaled(const Dataset& set, double scale, double middle) {
  return set.train.images.to(at::kDouble) / scale + middle;
}

// Small enough for curves, large enough to be asked for.
constexpr double kNoNoise = 1e-9;

TEST(Generated, EightGaussiansAreTheRingOfWganGp) {
  const auto set = load_dataset({.name = "eight_gaussians", .count = 20000, .seed = 1});
  ASSERT_TRUE(set.modes);
  EXPECT_TRUE(at::allclose(set.modes->centres.norm(2, {1}), at::full({8}, 2 / 1.414, at::kDouble)));
  EXPECT_DOUBLE_EQ(set.modes->sigma, 0.02 / 1.414);
  const auto offsets =
      set.train.images.to(at::kDouble) - set.modes->centres.index_select(0, set.train.labels);
  // Of 40,000 draws to 1/√80000 = 0.35 %.
  EXPECT_NEAR(offsets.square().mean().sqrt().item<double>() / (0.02 / 1.414), 1.0, 0.02);
  // The same set by keys: of the ring, with which it shares the draws.
  const auto ring = load_dataset({.name = "ring",
                                  .count = 20000,
                                  .seed = 1,
                                  .radius = 2.0,
                                  .noise = 0.02,
                                  .scale = 1.0 / 1.414});
  EXPECT_EQ(ring.train.digest, set.train.digest);
  EXPECT_EQ(ring.test.digest, set.test.digest);
}

TEST(Generated, GridIsScaledWithItsModes) {
  const auto grid = load_dataset({.name = "grid", .count = 50, .seed = 1}),
             small = load_dataset({.name = "grid", .count = 50, .seed = 1, .scale = 0.25});
  EXPECT_TRUE(at::equal(small.train.images, 0.25 * grid.train.images));
  EXPECT_TRUE(at::equal(small.modes->centres, 0.25 * grid.modes->centres));
  EXPECT_EQ(small.modes->sigma, 0.0125);
  EXPECT_THAT(refusal([] { load_dataset({.name = "grid", .radius = 1.0}); }),
              HasSubstr("dataset.scale scales a grid"));
}

TEST(Generated, SwissRollIsASpiralOfUniformAngle) {
  const auto set = load_dataset({.name = "swiss_roll", .count = 5000, .noise = kNoNoise});
  const auto points = unscaled(set, 1 / 7.5, 0.0);
  const auto t = points.norm(2, {1});
  const auto spiral = at::stack({t * t.cos(), t * t.sin()}, 1);
  EXPECT_LT((points - spiral).abs().max().item<double>(), 1e-4);
  const double first = 1.5 * std::numbers::pi, last = 4.5 * std::numbers::pi;
  EXPECT_GE(t.min().item<double>(), first - 1e-4);
  EXPECT_LE(t.max().item<double>(), last + 1e-4);
  // Uniform: mean 3π, standard error 3π/√12/√5000 = 0.038.
  EXPECT_NEAR(t.mean().item<double>(), (first + last) / 2, 0.2);
  // scikit-learn's noise, of 10,000 numbers to 0.7 %.
  const auto noisy = unscaled(load_dataset({.name = "swiss_roll", .count = 5000}), 1 / 7.5, 0.0);
  EXPECT_NEAR((noisy - points).square().mean().sqrt().item<double>(), 0.25, 0.008);
}

TEST(Generated, MoonsAreTwoHalfCirclesThatInterlock) {
  const auto set = load_dataset({.name = "moons", .count = 4000, .noise = kNoNoise});
  const auto points = unscaled(set, 2.0, 0.5);
  const auto x = points.select(1, 0), y = points.select(1, 1);
  const auto upper = ((x.square() + y.square() - 1).abs() < 1e-5) & (y > -1e-5);
  const auto lower = (((x - 1).square() + (y - 0.5).square() - 1).abs() < 1e-5) & (y < 0.5 + 1e-5);
  EXPECT_TRUE((upper | lower).all().item<bool>());
  // Half each: of 4,000 a standard deviation of 32.
  EXPECT_NEAR(upper.sum().item<double>(), 2000, 150);
}

TEST(Generated, SCurveIsTwoThreeQuarterCirclesInOneStroke) {
  const auto set = load_dataset({.name = "s_curve", .count = 4000, .noise = kNoNoise});
  const auto points = unscaled(set, 1.5, 0.0);
  const auto x = points.select(1, 0), z = points.select(1, 1);
  EXPECT_LT((x.square() + (z.abs() - 1).square() - 1).abs().max().item<double>(), 1e-5);
  // z = sgn t (cos t − 1) from −2 to 2; where |t| < π/2, x has the other sign.
  EXPECT_GT(z.max().item<double>(), 1.99);
  EXPECT_LT(z.min().item<double>(), -1.99);
  const auto inner = z.abs() < 0.999;
  EXPECT_TRUE((x * z).masked_select(inner).le(0.0).all().item<bool>());
}

TEST(Generated, CheckerboardIsUniformOnEverySecondSquare) {
  const auto points = load_dataset({.name = "checkerboard", .count = 8000}).train.images;
  EXPECT_LE(points.abs().max().item<double>(), 4.0);
  const auto square = ((points + 4) / 2).floor().to(at::kLong);
  EXPECT_TRUE(square.sum(1).remainder(2).eq(0).all().item<bool>());
  const auto counts = (4 * square.select(1, 0) + square.select(1, 1)).bincount({}, 16);
  EXPECT_EQ(counts.gt(0).sum().item<int>(), 8);
  // 1,000 each, standard deviation √(8000 · 7/64) = 29.6.
  EXPECT_LT((counts.masked_select(counts.gt(0)) - 1000).abs().max().item<int>(), 150);
}

TEST(Generated, StackedImagesAreTheirPicturesInOrder) {
  // Picture k is all of value k, and of class k % 10.
  const auto value = at::arange(30, at::kByte);
  const auto grey = make_split(value.reshape({30, 1, 1, 1}).expand({30, 1, 2, 3}).contiguous(),
                               value.to(at::kLong).remainder(10));
  const auto stacked = stack_channels(grey, 3000, 4);
  ASSERT_EQ(stacked.images.sizes(), (at::IntArrayRef{3000, 3, 2, 3}));
  const auto pictures = stacked.images.select(2, 0).select(2, 0).to(at::kLong);
  EXPECT_TRUE(at::equal(stacked.images.to(at::kLong),
                        pictures.reshape({3000, 3, 1, 1}).expand({3000, 3, 2, 3})));
  const auto classes = pictures.remainder(10);
  EXPECT_TRUE(at::equal(stacked.labels, 100 * classes.select(1, 0) + 10 * classes.select(1, 1) +
                                            classes.select(1, 2)));
  // All 30 pictures in each channel, 100 times on average; standard deviation 9.8.
  for (const int channel : {0, 1, 2}) {
    const auto counts = pictures.select(1, channel).bincount({}, 30);
    EXPECT_LT((counts - 100).abs().max().item<int>(), 50);
  }
  EXPECT_NE(stacked.digest, stack_channels(grey, 3000, 5).digest);
  EXPECT_THAT(refusal([] { load_dataset({.name = "stacked_fashion_mnist", .channels = 1}); }),
              HasSubstr("would mix"));
}

TEST(Generated, DigestTellsSetsOfOtherKeysApart) {
  const auto digest = [](const DatasetRequest& request) { return *data_digest(request); };
  const std::string own = digest({.name = "ring", .count = 5});
  EXPECT_NE(own, digest({.name = "ring", .count = 5, .radius = 2.0}));
  EXPECT_NE(own, digest({.name = "ring", .count = 5, .noise = 2.0}));
  EXPECT_NE(digest({.name = "ring", .count = 5, .noise = 2.0}),
            digest({.name = "ring", .count = 5, .scale = 2.0}));
}

TEST(Generated, SeedDecidesEveryPointAndImage) {
  for (const std::string name : {"ring", "grid", "generated_images"}) {
    const auto once = load_dataset({.name = name, .count = 60, .seed = 5});
    const auto again = load_dataset({.name = name, .count = 60, .seed = 5});
    const auto other = load_dataset({.name = name, .count = 60, .seed = 6});
    EXPECT_EQ(once.train.digest, again.train.digest) << name;
    EXPECT_EQ(once.test.digest, again.test.digest) << name;
    EXPECT_NE(once.train.digest, other.train.digest) << name;
  }
}

TEST(Generated, ImagesStandOutFromTheirGroundInTheAskedShape) {
  const auto images = load_dataset(
      {.name = "generated_images", .size = 16, .channels = 3, .count = 120, .seed = 2});
  EXPECT_EQ(images.train.images.sizes(), (at::IntArrayRef{120, 3, 16, 16}));
  EXPECT_EQ(images.test.size(), 20);
  EXPECT_EQ(images.train.labels.max().item<int>(), 9);
  const auto grey = load_dataset({.name = "generated_images", .count = 100, .seed = 2});
  EXPECT_EQ(grey.train.images.sizes(), (at::IntArrayRef{100, 1, 28, 28}));
  const auto flat = grey.train.images.flatten(1);
  // Ground at most 40, shapes at least 160, each with pixels that are wholly one or the other.
  EXPECT_LE(std::get<0>(flat.min(1)).max().item<int>(), 40);
  EXPECT_GE(std::get<0>(flat.max(1)).min().item<int>(), 160);
}

TEST(Datasets, UnknownNamesGetTheNearMissAndBadRequestsTheirRange) {
  EXPECT_THAT(refusal([] { load_dataset({.name = "fashion_mnits"}); }),
              AllOf(HasSubstr("did you mean 'fashion_mnist'?"), HasSubstr("generated_images")));
  EXPECT_THAT(refusal([] { load_dataset({.name = "ring", .count = -1}); }),
              HasSubstr("dataset.count = -1"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "generated_images", .channels = 2}); }),
              HasSubstr("dataset.channels = 2"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "generated_images", .size = 5000}); }),
              HasSubstr("dataset.size = 5000"));
}

TEST(Datasets, EverySourceSaysWhatItIsAndHowToGetIt) {
  for (const auto& source : datasets()) {
    EXPECT_FALSE(source.title.empty() || source.licence.empty() || source.how_to_get.empty())
        << source.name;
    EXPECT_NO_THROW(source.locate({.path = "/none"})) << source.name;
  }
}

TEST(DatasetKeys, NameTheSetsThatTakeThem) {
  const auto names_of = [](std::string_view path) {
    const Schema& schema = common_schema();
    const auto key = std::ranges::find(schema, path, &Key::path);
    return std::set<std::string>(key->needs[0].values.begin(), key->needs[0].values.end());
  };
  const auto points = names_of("dataset.noise"), pictures = names_of("dataset.size");
  const auto counted = names_of("dataset.count");
  EXPECT_EQ(names_of("dataset.channels"), pictures);
  EXPECT_EQ(names_of("dataset.horizontal_flip"), pictures);
  // What reads modes or factors off the pictures knows them without a frame.
  auto framed = pictures;
  for (const char* name : {"sprites", "shapes", "stacked_fashion_mnist"}) framed.erase(name);
  EXPECT_EQ(names_of("dataset.padding"), framed);
  for (const DatasetSource& source : datasets()) {
    const std::string name(source.name);
    EXPECT_NE(points.contains(name), pictures.contains(name)) << name;
    const bool is_drawn =
        source.files == nullptr && std::string_view(source.licence) == "generated";
    EXPECT_EQ(counted.contains(name), is_drawn || name == "stacked_fashion_mnist") << name;
  }
  EXPECT_EQ(points.size() + pictures.size(), datasets().size());
}

TEST(Padding, FramesImagesAndLeavesTheirDigests) {
  DatasetRequest request{.name = "generated_images", .size = 8, .count = 20};
  const auto plain = load_dataset(request);
  request.padding = 2;
  const auto framed = load_dataset(request);
  for (const auto& [with, without] :
       {std::pair(framed.train, plain.train), std::pair(framed.test, plain.test)}) {
    ASSERT_EQ(with.images.sizes().slice(1), at::IntArrayRef({1, 12, 12}));
    EXPECT_TRUE(with.images.narrow(2, 2, 8).narrow(3, 2, 8).equal(without.images));
    EXPECT_EQ(with.images.sum().item<std::int64_t>(), without.images.sum().item<std::int64_t>());
    EXPECT_EQ(with.digest, without.digest);
  }
}

TEST(Padding, FramesWhatIsDrawnBlackAndWhite) {
  DatasetRequest request{.name = "generated_images",
                         .size = 8,
                         .count = 20,
                         .binarisation = Binarisation::kStochastic};
  const auto plain = load_dataset(request);
  request.padding = 1;
  const auto framed = load_dataset(request);
  EXPECT_TRUE(framed.train.images.narrow(2, 1, 8).narrow(3, 1, 8).equal(plain.train.images));
  EXPECT_TRUE(framed.grey_images.narrow(2, 1, 8).narrow(3, 1, 8).equal(plain.grey_images));
  EXPECT_THAT(refusal([] { load_dataset({.name = "ring", .count = 10, .padding = 1}); }),
              HasSubstr("dataset.padding is of images"));
}

TEST(GeneratedSets, SayThatAPathIsNotRead) {
  const DatasetRequest request{.name = "ring", .path = "/data/pictures", .count = 100};
  const std::string read = what_was_read(load_dataset(request), request);
  EXPECT_THAT(read, testing::StartsWith("ring: 100 training"));
  EXPECT_THAT(read, testing::HasSubstr("dataset.path is not read"));
}

}  // namespace
}  // namespace assay
