// SPDX-License-Identifier: Apache-2.0
#include "harness/level_sets.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/png.h"
#include "families/judge.h"

namespace assay {
namespace {

struct Silent : Trainable {
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override { return {}; }
  void visit_state(StateVisitor&) override {}
};

/// The logit is the height over the plane, so that level sets are horizontal.
struct Height : Silent, Judge {
  std::optional<torch::Tensor> logits_of(const torch::Tensor& examples) override {
    return slope * examples.select(1, 1);
  }
  double slope = 3.0;
};

// Corners of the square from −1 to 1.
at::Tensor corners() {
  return at::tensor({-1.0F, -1.0F, -1.0F, 1.0F, 1.0F, -1.0F, 1.0F, 1.0F}).reshape({4, 2});
}

TEST(LevelBands, AreEquallyWideAndEndWithTheLargestValue) {
  const auto values = at::tensor({0.0, 0.9, 1.1, 2.0, 4.9, 5.0}, at::kDouble).reshape({2, 3});
  const auto bands = level_bands(values, 5);
  EXPECT_TRUE(at::equal(bands.flatten(), at::tensor({0, 0, 1, 2, 4, 4}, at::kLong)));
  EXPECT_TRUE(
      at::equal(level_bands(at::full({2, 2}, 7.0, at::kDouble), 5), at::zeros({2, 2}, at::kLong)));
}

TEST(LevelSetsPicture, IsLighterWhereTheDiscriminatorSeesRealExamples) {
  Height model;
  const auto artifact = level_sets_picture(model, corners());
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->kind, "critic");
  const auto picture = decode_png(artifact->bytes, "here").to(at::kLong);
  const auto side = picture.size(1);
  ASSERT_EQ(picture.sizes(), (at::IntArrayRef{3, side, side}));
  // Upwards is real. A column without points: ten grey bands with nine lines between them.
  const auto column = picture[0].select(1, side / 2);
  EXPECT_EQ(column[0].item<int>(), 248);
  EXPECT_EQ(column[side - 1].item<int>(), 96);
  EXPECT_EQ(column.eq(40).sum().item<int>(), 9);
  EXPECT_TRUE(at::equal(picture[0].select(1, 3), picture[2].select(1, 3)));
  // The margin is a fifth of their spread on each side: the upper left corner lies at 1/7 of it.
  const auto place = side / 7;
  const auto near = picture.slice(1, place - 1, place + 2).slice(2, place - 1, place + 2);
  EXPECT_EQ(((near[0] == 230) & (near[1] == 120) & (near[2] == 20)).sum().item<int>(), 1);
  EXPECT_EQ(((picture[0] == 230) & (picture[1] == 120)).sum().item<int>(), 4);
}

TEST(LevelSetsPicture, IsOfModelsThatJudgeAndOfFiniteLogits) {
  Silent no_judge;
  EXPECT_FALSE(level_sets_picture(no_judge, corners()));
  Height broken;
  broken.slope = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(level_sets_picture(broken, corners()));
}

}  // namespace
}  // namespace assay
