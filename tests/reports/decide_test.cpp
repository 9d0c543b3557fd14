// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/metric_kind.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Sample sample_of(const std::vector<double>& values, std::uint64_t first_seed = 0,
                 std::int64_t failed = 0) {
  Sample sample{"s", {}, failed};
  for (const double value : values) sample.scores.push_back({first_seed++, value});
  return sample;
}

Decision decided(const Sample& left, const Sample& right, const Terms& terms) {
  Decision decision = compare_samples(left, right, terms);
  const TableRow row{&decision, &terms};
  settle(std::span(&row, 1));
  return decision;
}

constexpr Terms kLower{.better = Better::kLower};
constexpr Terms kHigher{.better = Better::kHigher};

TEST(Decide, WhatIsLowerIsBetterOfADistanceAndWorseOfAShare) {
  const auto left = sample_of({10.0, 11.0, 12.0, 10.5});
  const auto right = sample_of({5.0, 5.5, 6.0, 5.2}, 10);
  EXPECT_EQ(decided(left, right, kLower).verdict, Verdict::kBetter);
  EXPECT_EQ(decided(left, right, kHigher).verdict, Verdict::kWorse);
  EXPECT_EQ(decided(right, left, kLower).verdict, Verdict::kWorse);
  const Decision found = decided(left, right, kLower);
  EXPECT_EQ(found.test, "welch");
  EXPECT_DOUBLE_EQ(*found.effect, 5.425 - 10.875);
  EXPECT_LT(*found.low, *found.effect);
  EXPECT_GT(*found.high, *found.effect);
}

TEST(Decide, WithoutADirectionADifferenceIsNoVerdict) {
  EXPECT_EQ(decided(sample_of({1, 2, 1.5}), sample_of({11, 12, 11.5}, 5), {}).verdict,
            Verdict::kInconclusive);
}

TEST(Decide, EqualToTheBitIsTheSameWithoutATest) {
  const Decision found = decided(sample_of({1.25, 3.5}), sample_of({1.25, 3.5}), kLower);
  EXPECT_EQ(found.verdict, Verdict::kSame);
  EXPECT_EQ(found.test, "identical");
  EXPECT_EQ(decided(sample_of({1.25, kNan}), sample_of({1.25, kNan}), kLower).test, "identical");
  // The last bit counts, and other seeds of equal value are no repetition.
  EXPECT_NE(
      decided(sample_of({1.25, 3.5}), sample_of({1.25, std::nextafter(3.5, 4.0)}), kLower).test,
      "identical");
  EXPECT_NE(decided(sample_of({1.25, 3.5}), sample_of({1.25, 3.5}, 7), kLower).test, "identical");
}

TEST(Decide, ASmallDifferenceIsTheSameOnlyWhereTheMarginIsShown) {
  const auto left = sample_of({10.0, 10.1, 9.9, 10.05, 9.95});
  const auto right = sample_of({10.1, 10.2, 10.0, 10.15, 10.05}, 20);
  EXPECT_EQ(decided(left, right, {.better = Better::kLower, .margin = 1.0}).verdict,
            Verdict::kSame);
  EXPECT_EQ(decided(left, right, {.better = Better::kLower, .margin = 0.11}).verdict,
            Verdict::kInconclusive);
}

TEST(Decide, ACertainDifferenceIsOneUnlessTheGuardSaysThatItDoesNotMatter) {
  const auto left = sample_of({10.0, 10.01, 9.99, 10.005, 9.995});
  const auto right = sample_of({10.1, 10.11, 10.09, 10.105, 10.095}, 20);
  EXPECT_EQ(decided(left, right, {.better = Better::kLower, .margin = 1.0}).verdict,
            Verdict::kWorse);
  EXPECT_EQ(decided(left, right, {.better = Better::kLower, .guard = 0.5}).verdict, Verdict::kSame);
  EXPECT_EQ(decided(left, right, {.better = Better::kLower, .guard = 0.05}).verdict,
            Verdict::kWorse);
}

TEST(Decide, LostSeedsAreTheWorstNotAbsent) {
  // Four of five collapsed: the one that did not is better than all of left.
  const auto left = sample_of({10, 11, 12, 13, 14});
  const auto right = sample_of({9, kNan, kNan}, 20, 2);
  const Decision found = decided(left, right, kLower);
  EXPECT_EQ(found.test, "mann_whitney");
  EXPECT_EQ(found.lost_right, 4);
  EXPECT_EQ(found.n_right, 5);
  EXPECT_FALSE(found.right_is_lower);
  // All lost against none of five: 2/C(10,5) = 0.0079.
  const Decision all = decided(left, sample_of({}, 0, 5), kLower);
  EXPECT_NEAR(*all.p, 2.0 / 252.0, 1e-12);
  EXPECT_EQ(all.verdict, Verdict::kWorse);
  EXPECT_EQ(decided(left, sample_of({}, 0, 5), kHigher).verdict, Verdict::kWorse);
  EXPECT_THAT(decided(left, right, {}).reason, HasSubstr("which way"));
}

TEST(Decide, ScoresOfTheSameTrainingsArePairedOrNothing) {
  Terms terms = kLower;
  terms.pairing = Pairing::kTrainings;
  // Seeds differ by 100, samplers by 1: only pairs show it.
  const auto left = sample_of({100.0, 200.0, 300.0, 400.0});
  const auto right = sample_of({98.9, 199.1, 298.95, 399.05});
  const Decision found = decided(left, right, terms);
  EXPECT_EQ(found.test, "paired_t");
  EXPECT_EQ(found.verdict, Verdict::kBetter);
  EXPECT_EQ(decided(left, right, kLower).verdict, Verdict::kInconclusive) << "unpaired";
  EXPECT_EQ(decided(left, sample_of({98.9, 199.1, 298.95}), terms).test, "");
}

TEST(Decide, ALostScoreOfAPairIsTheWorseOne) {
  Terms terms = kLower;
  terms.pairing = Pairing::kTrainings;
  // Right is lower in each of six pairs and finite where left was lost: 2/2^6.
  const auto left = sample_of({100, 200, 300, 400, 500, kNan, kNan});
  const Decision found = decided(left, sample_of({99, 198, 297, 396, 495, 1e9, kNan}), terms);
  EXPECT_EQ(found.test, "signed_rank");
  EXPECT_DOUBLE_EQ(*found.p, 2.0 / 64.0) << "the pair that lost both is a tie";
  EXPECT_EQ(found.verdict, Verdict::kBetter);
  EXPECT_EQ(decided(sample_of({99, 198, 297, 396, 495, 1e9, kNan}), left, terms).verdict,
            Verdict::kWorse);
  EXPECT_THAT(decided(left, sample_of({99, 198, 297, 396, 495, 1e9}), terms).reason,
              HasSubstr("same seeds"));
}

TEST(Decide, OneSeedIsHeldAgainstThePredictionBandOfTheOthers) {
  const auto left = sample_of({10.0, 10.5, 9.5, 10.2, 9.8});
  EXPECT_EQ(decided(left, sample_of({10.3}, 9), kLower).verdict, Verdict::kInconclusive);
  const Decision far = decided(left, sample_of({50.0}, 9), kLower);
  EXPECT_EQ(far.test, "prediction");
  EXPECT_LT(*far.p, 1e-4);
  EXPECT_EQ(far.verdict, Verdict::kInconclusive) << "one outlier is no regression";
  EXPECT_THAT(decided(sample_of({1.0}), sample_of({2.0}, 3), kLower).reason, HasSubstr("one seed"));
}

TEST(Decide, ConstantSidesAreDecidedByRanks) {
  const auto left = sample_of({8, 8, 8, 8, 8});
  const auto right = sample_of({7, 7, 7, 7, 7}, 10);
  const Decision found = decided(left, right, kHigher);
  EXPECT_EQ(found.test, "mann_whitney");
  EXPECT_EQ(found.verdict, Verdict::kWorse);
}

TEST(Decide, PairsThatAreAllEquallyFarApartAreDecidedByRanks) {
  const auto left = sample_of({8, 7, 8, 6, 8, 5, 8});
  const auto right = sample_of({7, 6, 7, 5, 7, 4, 7});
  Terms terms = kHigher;
  terms.pairing = Pairing::kTrainings;
  const Decision same_trainings = decided(left, right, terms);
  EXPECT_EQ(same_trainings.test, "signed_rank");
  EXPECT_NEAR(*same_trainings.p, 2.0 / 128.0, 1e-12);  // 2 · 2^-7
  EXPECT_EQ(same_trainings.verdict, Verdict::kWorse);
  terms.pairing = Pairing::kSeeds;
  EXPECT_EQ(decided(left, right, terms).test, "mann_whitney");
}

TEST(Decide, WhatStaysOpenSaysWhatMoreSeedsWouldBring) {
  const auto left = sample_of({10.0, 11.0, 12.0, 13.0});
  const auto right = sample_of({10.5, 11.5, 12.5, 13.5}, 10);
  Decision decision = decided(left, right, kLower);
  ASSERT_EQ(decision.verdict, Verdict::kInconclusive);
  const TableRow row{&decision, &kLower};
  add_plans(std::span(&row, 1));
  EXPECT_GT(*decision.detectable, 0.5);
  EXPECT_GT(*decision.more_seeds, 10);
}

TEST(Decide, WhatStaysOpenOfPairsSaysHowManyPairsWouldDo) {
  Terms terms = kLower;
  terms.pairing = Pairing::kTrainings;
  // Differences 1, −0.5, 0.8 and 0.3: mean 0.4, sd 0.668, so 0.6 sds, of which J(3) = 0.724 is
  // left.
  Decision decision =
      decided(sample_of({10, 200, 35, 71}), sample_of({11, 199.5, 35.8, 71.3}), terms);
  ASSERT_EQ(decision.test, "paired_t");
  ASSERT_EQ(decision.verdict, Verdict::kInconclusive);
  const TableRow row{&decision, &terms};
  add_plans(std::span(&row, 1));
  EXPECT_NEAR(*decision.effect_size, 0.4 / 0.66833 * 0.72360, 1e-4);
  // scipy's nct: 44 pairs find 0.433 sds in 8 of 10 tries, four find 2.13.
  EXPECT_EQ(*decision.more_seeds, 44 - 4);
  EXPECT_NEAR(*decision.detectable / (0.4 / *decision.effect_size), 2.13, 0.01);
}

// Multiply-adds of a sample: three seeds of 1000 and five of 700. No chance is in them.
TEST(Decide, CountsAreWhatTheyAreAndTakeNoPartInHolm) {
  constexpr Terms kCounts{.better = Better::kLower, .counted = true};
  const auto many = sample_of({1000, 1000, 1000}), few = sample_of({700, 700, 700, 700, 700}, 5);
  const Decision less = decided(many, few, kCounts);
  EXPECT_EQ(less.verdict, Verdict::kBetter);
  EXPECT_EQ(less.test, "counted");
  EXPECT_EQ(*less.effect, -300.0);
  EXPECT_FALSE(less.p);
  EXPECT_EQ(decided(few, many, kCounts).verdict, Verdict::kWorse);
  EXPECT_EQ(decided(many, sample_of({1000, 1000}, 7), kCounts).verdict, Verdict::kSame);
  // One seed says as much, and a seed that was lost says nothing else.
  EXPECT_EQ(decided(sample_of({1000}), sample_of({700}, 5), kCounts).verdict, Verdict::kBetter);
  EXPECT_EQ(decided(sample_of({1000, kNan}), few, kCounts).verdict, Verdict::kBetter);
  // What an adaptive solver needs differs from seed to seed.
  EXPECT_EQ(decided(many, sample_of({699, 700, 701}, 5), kCounts).test, "welch");
  EXPECT_EQ(decided(many, few, kLower).test, "mann_whitney");

  const auto left = sample_of({10, 11, 12, 13, 14}), right = sample_of({13, 14, 15, 16, 17}, 10);
  std::vector<Decision> table(20, compare_samples(many, few, kCounts));
  table.push_back(compare_samples(left, right, kLower));
  std::vector<TableRow> rows;
  for (Decision& decision : table)
    rows.push_back({&decision, decision.test == "counted" ? &kCounts : &kLower});
  settle(rows);
  EXPECT_EQ(table.back().verdict, Verdict::kWorse);
  EXPECT_DOUBLE_EQ(*table.back().adjusted, *table.back().p);
}

TEST(Decide, HolmMakesATableHarderThanItsRows) {
  const auto left = sample_of({10, 11, 12, 13, 14});
  const auto right = sample_of({13, 14, 15, 16, 17}, 10);
  const Decision alone = decided(left, right, kLower);
  ASSERT_EQ(alone.verdict, Verdict::kWorse);
  std::vector<Decision> table(20, compare_samples(left, right, kLower));
  std::vector<TableRow> rows;
  for (Decision& decision : table) rows.push_back({&decision, &kLower});
  settle(rows);
  EXPECT_EQ(table.front().verdict, Verdict::kInconclusive);
  EXPECT_DOUBLE_EQ(*table.front().adjusted, 20 * *alone.p);
}

}  // namespace
}  // namespace assay
