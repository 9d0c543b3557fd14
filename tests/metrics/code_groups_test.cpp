// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/code_groups.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "metrics/codes/beta_vae_score.h"
#include "metrics/codes/factor_vae_score.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// Every combination of factors of 3, 4 and 2 values, `times` times, and codes that are these.
MetricInputs grid_inputs(std::int64_t times) {
  const auto i = at::arange(24 * times, at::kLong);
  MetricInputs inputs;
  inputs.codes.factors = at::stack(
      {i.remainder(3), i.floor_divide(3).remainder(4), i.floor_divide(12).remainder(2)}, 1);
  inputs.codes.means = inputs.codes.factors.to(at::kDouble);
  return inputs;
}

at::Tensor values_of(const MetricInputs& inputs, const at::Tensor& rows, std::int64_t factor) {
  return inputs.codes.factors.select(1, factor).index_select(0, rows.flatten());
}

TEST(CodeGroups, ShareTheValueOfTheirFactorAndVaryInTheOthers) {
  const auto inputs = grid_inputs(5);
  const auto codes = checked_codes(inputs, "test");
  const auto groups = draw_groups(codes, {.groups = 300, .size = 64, .seed = 1}, "test");
  ASSERT_EQ(groups.rows.sizes(), (at::IntArrayRef{300, 64}));
  std::vector<std::int64_t> counts(3, 0);
  for (std::int64_t g = 0; g < 300; ++g) {
    const auto factor = groups.factors[static_cast<std::size_t>(g)];
    ++counts[static_cast<std::size_t>(factor)];
    for (std::int64_t other = 0; other < 3; ++other) {
      const auto values = values_of(inputs, groups.rows[g], other);
      // 64 even draws of two values are all alike with probability 2^-63.
      EXPECT_EQ((values == values[0]).all().item<bool>(), other == factor);
    }
  }
  // 100 expected, standard deviation √(300 · 2/9) = 8.2.
  for (const auto count : counts) EXPECT_NEAR(static_cast<double>(count), 100.0, 41.0);
}

TEST(CodeGroups, TakeEachValueAsOftenAsItOccurs) {
  const auto inputs = grid_inputs(5);
  const auto codes = checked_codes(inputs, "test");
  const auto groups = draw_groups(codes, {.groups = 4000, .size = 2, .seed = 2}, "test");
  auto firsts = at::zeros({4}, at::kDouble);
  double about = 0.0;
  for (std::int64_t g = 0; g < 4000; ++g) {
    if (groups.factors[static_cast<std::size_t>(g)] != 1) continue;
    firsts[values_of(inputs, groups.rows[g], 1)[0].item<std::int64_t>()] += 1.0;
    about += 1.0;
  }
  // Shares of about 1333 groups: ¼ with a standard deviation of 0.012.
  EXPECT_LT((firsts / about - 0.25).abs().max().item<double>(), 0.06);
}

TEST(CodeGroups, PairsShareAValueEachAndHaveDifferentOnes) {
  const auto inputs = grid_inputs(5);
  const auto codes = checked_codes(inputs, "test");
  const auto pairs = draw_pairs(codes, {.groups = 50, .size = 40, .seed = 3}, "test");
  ASSERT_EQ(pairs.rows.sizes(), (at::IntArrayRef{50, 40, 2}));
  for (std::int64_t g = 0; g < 50; ++g) {
    const auto factor = pairs.factors[static_cast<std::size_t>(g)];
    const auto first = values_of(inputs, pairs.rows[g].select(1, 0), factor);
    EXPECT_TRUE(first.equal(values_of(inputs, pairs.rows[g].select(1, 1), factor)));
    EXPECT_FALSE((first == first[0]).all().item<bool>());
    const auto other = (factor + 1) % 3;
    EXPECT_FALSE(values_of(inputs, pairs.rows[g].select(1, 0), other)
                     .equal(values_of(inputs, pairs.rows[g].select(1, 1), other)));
  }
}

TEST(CodeGroups, DependOnTheSeedAlone) {
  const auto codes = checked_codes(grid_inputs(5), "test");
  const auto rows = [&](std::uint64_t seed) {
    return draw_groups(codes, {.groups = 20, .size = 8, .seed = seed}, "test").rows;
  };
  EXPECT_TRUE(rows(1).equal(rows(1)));
  EXPECT_FALSE(rows(1).equal(rows(2)));
}

TEST(CodeGroups, AreComputedInPartsOfTheSameResult) {
  const auto codes = normal_matrix(1, 100, 4);
  const auto rows = at::arange(1200 * 3, at::kLong).remainder(100).view({1200, 3});
  const auto whole = group_variances(codes.index_select(0, rows.flatten()).view({1200, 3, 4}));
  EXPECT_TRUE(of_groups(codes, rows, group_variances).equal(whole));
}

TEST(CodeGroups, ScoreCodesThatAreTheFactorsAsPerfect) {
  const auto inputs = grid_inputs(5);
  const auto factor = metric("factor_vae_score").compute(inputs);
  EXPECT_EQ(factor.value, 1.0);
  EXPECT_EQ(factor.protocol.at("groups"), "10000");
  EXPECT_EQ(factor.protocol.at("group_size"), "64");
  EXPECT_EQ(factor.protocol.at("n_real"), "120");
  const auto beta = metric("beta_vae_score").compute(inputs);
  EXPECT_EQ(beta.value, 1.0);
  EXPECT_EQ(beta.protocol.at("groups"), "15000");
}

TEST(CodeGroups, ScoreCodesThatKnowNothingAsGuesses) {
  auto inputs = grid_inputs(20);
  inputs.codes.means = normal_matrix(4, 480, 3);
  inputs.options = {{"factor_vae_score.groups", 3000.0}, {"beta_vae_score.groups", 3000.0}};
  // One of three factors by chance; small samples of the pool tell a little. Well below 1.
  EXPECT_LT(metric("factor_vae_score").compute(inputs).value, 0.6);
  EXPECT_LT(metric("beta_vae_score").compute(inputs).value, 0.6);
}

TEST(CodeGroups, RefuseAValueThatOneRowAloneHas) {
  auto inputs = grid_inputs(1);
  inputs.codes.factors = inputs.codes.factors.clone();
  inputs.codes.factors[7][1] = 9;
  EXPECT_THAT(refusal([&] { metric("factor_vae_score").compute(inputs); }),
              HasSubstr("only one row has the value 9 of factor 1"));
}

}  // namespace
}  // namespace assay
