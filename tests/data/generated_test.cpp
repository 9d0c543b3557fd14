// SPDX-License-Identifier: Apache-2.0
#include "data/generated.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace assay
