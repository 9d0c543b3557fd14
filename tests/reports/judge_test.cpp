// SPDX-License-Identifier: Apache-2.0
#include "reports/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/metric_kind.h"
#include "core/random.h"

namespace assay {
namespace {

using testing::HasSubstr;
using Values = std::vector<double>;

ClaimSide side(const std::string& name, char digit, const Values& values) {
  ClaimSide side{name, std::string(64, digit)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    side.seeds.push_back(i);
    side.values.push_back({i, "uuid", values[i]});
  }
  return side;
}

ClaimEvidence claim(ClaimTest test, Better direction, const Values& left, const Values& right) {
  Claim claim;
  claim.text = "left is better";
  claim.metric = "fd";
  claim.direction = direction;
  claim.test = test;
  return {claim, side("vae/left", 'a', left), side("vae/right", 'b', right)};
}

ClaimVerdict judge_one(const ClaimEvidence& evidence) { return judge({&evidence, 1}).at(0); }

const Values kLow = {1.0, 2.0, 3.0, 4.0, 5.0};
const Values kHigh = {11.5, 12.25, 13.0, 14.75, 15.5};

TEST(Judge, SeparatedSidesHoldInTheClaimedDirectionAndFailInTheOther) {
  for (const ClaimTest test :
       {ClaimTest::kSign, ClaimTest::kWilcoxon, ClaimTest::kMannWhitney, ClaimTest::kWelch}) {
    EXPECT_EQ(judge_one(claim(test, Better::kLower, kLow, kHigh)).outcome, ClaimOutcome::kHolds);
    EXPECT_EQ(judge_one(claim(test, Better::kHigher, kLow, kHigh)).outcome, ClaimOutcome::kFails);
    EXPECT_EQ(judge_one(claim(test, Better::kHigher, kHigh, kLow)).outcome, ClaimOutcome::kHolds);
  }
}

TEST(Judge, TestsAreThoseOfTheirNames) {
  const auto p = [](ClaimTest test) {
    return judge_one(claim(test, Better::kLower, kLow, kHigh)).claimed->p;
  };
  EXPECT_DOUBLE_EQ(p(ClaimTest::kSign), 1.0 / 32.0);
  EXPECT_DOUBLE_EQ(p(ClaimTest::kWilcoxon), 1.0 / 32.0);
  EXPECT_DOUBLE_EQ(p(ClaimTest::kMannWhitney), 1.0 / 252.0);  // C(10, 5)
  // scipy 1.17.1: ttest_ind([1,2,3,4,5], [11.5,12.25,13,14.75,15.5], equal_var=False,
  // alternative="less").pvalue
  EXPECT_NEAR(p(ClaimTest::kWelch), 4.136394201962086e-06, 1e-17);
}

TEST(Judge, EffectIsLeftMinusRightWithTheIntervalOfTheTest) {
  const ClaimVerdict verdict = judge_one(claim(ClaimTest::kWilcoxon, Better::kLower, kLow, kHigh));
  // Differences −10.75, −10.5, −10.5, −10.25, −10: of their 15 Walsh averages seven lie below
  // −10.375, three on it and five above.
  EXPECT_DOUBLE_EQ(verdict.effect->value, -10.375);
  EXPECT_DOUBLE_EQ(verdict.effect->interval->low, -10.75);
  EXPECT_DOUBLE_EQ(verdict.effect->interval->high, -10.0);
  EXPECT_DOUBLE_EQ(verdict.effect->interval->confidence, 1.0 - 2.0 / 32.0);
}

TEST(Judge, EffectOfTheSignTestIsTheMedianDifference) {
  const Values eight = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
  ClaimEvidence evidence = claim(ClaimTest::kSign, Better::kHigher, eight, Values(8, 0.0));
  const Estimate effect = *judge_one(evidence).effect;
  EXPECT_DOUBLE_EQ(effect.value, 4.5);
  // At most one head of eight: 9/256 <= 0.05; at most two: 37/256.
  EXPECT_EQ(effect.interval->low, 2.0);
  EXPECT_EQ(effect.interval->high, 7.0);
  EXPECT_DOUBLE_EQ(effect.interval->confidence, 1.0 - 18.0 / 256.0);
}

TEST(Judge, EffectOfMannWhitneyIsTheMedianOfAllDifferences) {
  const Values tens = {10.0, 20.0, 30.0, 40.0, 50.0};
  const Estimate effect =
      *judge_one(claim(ClaimTest::kMannWhitney, Better::kLower, kLow, tens)).effect;
  // −49 … −45, −39 … −35, −29 … −25, −19 … −15, −9 … −5: the 13th of 25.
  EXPECT_DOUBLE_EQ(effect.value, -27.0);
  // U <= 4 has 1 + 1 + 2 + 3 + 5 of 252 choices, U <= 5 has 19: the 5th from either end.
  EXPECT_EQ(effect.interval->low, -45.0);
  EXPECT_EQ(effect.interval->high, -9.0);
  EXPECT_DOUBLE_EQ(effect.interval->confidence, 1.0 - 24.0 / 252.0);
}

TEST(Judge, AlphaIsTheClaimsOwn) {
  ClaimEvidence five = claim(ClaimTest::kSign, Better::kLower, kLow, kHigh);
  five.claim.alpha = 0.01;
  EXPECT_DOUBLE_EQ(judge_one(five).adjusted, 1.0 / 32.0);
  EXPECT_EQ(judge_one(five).outcome, ClaimOutcome::kInconclusive);
  five.claim.direction = Better::kHigher;
  EXPECT_EQ(judge_one(five).outcome, ClaimOutcome::kInconclusive);
  five.claim.alpha = 0.04;
  EXPECT_EQ(judge_one(five).outcome, ClaimOutcome::kFails);

  const Values eight = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
  ClaimEvidence sign = claim(ClaimTest::kSign, Better::kHigher, eight, Values(8, 0.0));
  sign.claim.alpha = 0.01;  // no head of eight: 1/256; at most one: 9/256
  EXPECT_DOUBLE_EQ(judge_one(sign).effect->interval->confidence, 1.0 - 2.0 / 256.0);
  EXPECT_EQ(judge_one(sign).effect->interval->low, 1.0);
  ClaimEvidence welch = claim(ClaimTest::kWelch, Better::kLower, kLow, kHigh);
  welch.claim.alpha = 0.01;
  EXPECT_DOUBLE_EQ(judge_one(welch).effect->interval->confidence, 0.98);
}

TEST(Judge, OverlappingSidesAreInconclusive) {
  const Values left = {1.0, 2.0, 3.0, 4.0, 5.0};
  const Values right = {2.0, 1.0, 4.0, 3.0, 5.5};
  const ClaimVerdict verdict =
      judge_one(claim(ClaimTest::kMannWhitney, Better::kLower, left, right));
  EXPECT_EQ(verdict.outcome, ClaimOutcome::kInconclusive);
  EXPECT_TRUE(verdict.reason.empty());
}

TEST(Judge, MarginIsWhatTheDifferenceMustExceed) {
  // Every left lies 10 to 10.75 below its right.
  for (const ClaimTest test :
       {ClaimTest::kSign, ClaimTest::kWilcoxon, ClaimTest::kMannWhitney, ClaimTest::kWelch}) {
    ClaimEvidence evidence = claim(test, Better::kLower, kLow, kHigh);
    evidence.claim.margin = 5.0;
    EXPECT_EQ(judge_one(evidence).outcome, ClaimOutcome::kHolds);
    evidence.claim.margin = 20.0;
    EXPECT_EQ(judge_one(evidence).outcome, ClaimOutcome::kFails);
    ClaimEvidence higher = claim(test, Better::kHigher, kHigh, kLow);
    higher.claim.margin = 5.0;
    EXPECT_EQ(judge_one(higher).outcome, ClaimOutcome::kHolds);
    higher.claim.margin = 20.0;
    EXPECT_EQ(judge_one(higher).outcome, ClaimOutcome::kFails);
  }
}

TEST(Judge, FactorScalesTheSideThatIsToBeSmaller) {
  const Values one = {1.0, 1.1, 0.9, 1.2, 0.8};
  const Values four = {4.0, 4.1, 3.9, 4.2, 3.8};
  ClaimEvidence lower = claim(ClaimTest::kWelch, Better::kLower, one, four);
  lower.claim.factor = 3.0;
  EXPECT_EQ(judge_one(lower).outcome, ClaimOutcome::kHolds);
  EXPECT_NEAR(judge_one(lower).effect->value, 3.0 * 1.0 - 4.0, 1e-12);
  lower.claim.factor = 5.0;
  EXPECT_EQ(judge_one(lower).outcome, ClaimOutcome::kFails);
  ClaimEvidence higher = claim(ClaimTest::kWelch, Better::kHigher, four, one);
  higher.claim.factor = 3.0;
  EXPECT_EQ(judge_one(higher).outcome, ClaimOutcome::kHolds);
  EXPECT_NEAR(judge_one(higher).effect->value, 4.0 - 3.0 * 1.0, 1e-12);
}

TEST(Judge, FactorOfValuesThatAreNotAboveZeroIsRefused) {
  // 1.1 · −230 = −253 < −240, though −240 is no tenth above −230.
  const Values left = {-240.0, -241.0, -242.0, -239.0, -238.0};
  const Values right = {-230.0, -231.0, -232.0, -229.0, -228.0};
  for (const Better direction : {Better::kLower, Better::kHigher}) {
    ClaimEvidence evidence = claim(ClaimTest::kWelch, direction, left, right);
    EXPECT_NE(judge_one(evidence).outcome, ClaimOutcome::kNotRun);
    evidence.claim.factor = 1.1;
    EXPECT_EQ(judge_one(evidence).outcome, ClaimOutcome::kNotRun);
    EXPECT_EQ(judge_one(evidence).reason,
              "a factor needs values above 0; seed 0 of vae/left has -240; use margin");
  }
  ClaimEvidence zero = claim(ClaimTest::kSign, Better::kLower, kLow, {9, 9, 0, 9, 9});
  zero.claim.factor = 2.0;
  EXPECT_THAT(judge_one(zero).reason, HasSubstr("seed 2 of vae/right has 0;"));
}

TEST(Judge, WhatOnlyRoundingTellsFromTheMarginIsATie) {
  // In doubles 0.8 − 0.5 − 0.3 = 5.6e-17 and 0.3 − 3 · 0.1 = −5.6e-17.
  const auto five = [](double value) { return Values(5, value); };
  for (const ClaimTest test : {ClaimTest::kSign, ClaimTest::kWilcoxon, ClaimTest::kMannWhitney}) {
    ClaimEvidence margin = claim(test, Better::kHigher, five(0.8), five(0.5));
    margin.claim.margin = 0.3;
    EXPECT_EQ(judge_one(margin).outcome, ClaimOutcome::kInconclusive);
    EXPECT_NEAR(judge_one(margin).claimed->p, 1.0, 1e-12);
    ClaimEvidence factor = claim(test, Better::kHigher, five(0.3), five(0.1));
    factor.claim.factor = 3.0;
    EXPECT_EQ(judge_one(factor).outcome, ClaimOutcome::kInconclusive);
    EXPECT_NEAR(judge_one(factor).opposite->p, 1.0, 1e-12);
    // A difference that is one counts, and so does the last bit where nothing was computed.
    margin.left = side("vae/left", 'a', five(0.8 + 1e-12));
    EXPECT_EQ(judge_one(margin).outcome, ClaimOutcome::kHolds);
    EXPECT_EQ(
        judge_one(claim(test, Better::kHigher, five(std::nextafter(0.8, 1.0)), five(0.8))).outcome,
        ClaimOutcome::kHolds);
  }
}

TEST(Judge, HolmCorrectsOverAllClaimsEvenThoseThatWereNotRun) {
  // One sign test of five pairs: 1/32 <= 0.05 holds; beside one that was not run it is 2/32.
  const ClaimEvidence good = claim(ClaimTest::kSign, Better::kLower, kLow, kHigh);
  ClaimEvidence absent = good;
  absent.missing = {"seed 3 of vae/left diverged: loss is nan"};
  const std::vector<ClaimEvidence> both = {good, absent};
  const auto verdicts = judge(both);
  EXPECT_EQ(judge_one(good).outcome, ClaimOutcome::kHolds);
  EXPECT_DOUBLE_EQ(verdicts[0].adjusted, 2.0 / 32.0);
  EXPECT_EQ(verdicts[0].outcome, ClaimOutcome::kInconclusive);
  EXPECT_EQ(verdicts[0].claims, 2);
  EXPECT_EQ(verdicts[1].outcome, ClaimOutcome::kNotRun);
  EXPECT_EQ(verdicts[1].reason, "seed 3 of vae/left diverged: loss is nan");
  EXPECT_FALSE(verdicts[1].effect);
}

TEST(Judge, HolmCorrectsFailuresToo) {
  // The opposite of a claim is significant alone (1/32), and not as one of two (2/32).
  const ClaimEvidence wrong = claim(ClaimTest::kSign, Better::kHigher, kLow, kHigh);
  const ClaimEvidence undecided = claim(ClaimTest::kSign, Better::kLower, kLow, kLow);
  EXPECT_EQ(judge_one(wrong).outcome, ClaimOutcome::kFails);
  const auto verdicts = judge(std::vector{wrong, undecided});
  EXPECT_DOUBLE_EQ(verdicts[0].adjusted_opposite, 2.0 / 32.0);
  EXPECT_EQ(verdicts[0].outcome, ClaimOutcome::kInconclusive);
}

TEST(Judge, SaysWhyNothingCouldBeTested) {
  ClaimEvidence evidence = claim(ClaimTest::kWelch, Better::kLower, kLow, kHigh);
  evidence.right.definition_id = evidence.left.definition_id;
  EXPECT_THAT(judge_one(evidence).reason, HasSubstr("one and the same definition"));

  evidence = claim(ClaimTest::kWelch, Better::kLower, {1.0}, kHigh);
  EXPECT_EQ(judge_one(evidence).outcome, ClaimOutcome::kNotRun);
  EXPECT_EQ(judge_one(evidence).reason, "vae/left has 1 of the 5 seeds that a claim needs");

  evidence = claim(ClaimTest::kSign, Better::kLower, kLow, kHigh);
  evidence.right.values.back().seed = 9;
  EXPECT_THAT(judge_one(evidence).reason, HasSubstr("same seeds"));

  evidence = claim(ClaimTest::kWelch, Better::kLower, kLow, kHigh);
  evidence.missing = {"a", "b", "c", "d", "e"};
  EXPECT_EQ(judge_one(evidence).reason, "a; b; c; and 2 more");
  evidence.differing = {"weights: ema / raw"};
  EXPECT_EQ(judge_one(evidence).outcome, ClaimOutcome::kNotComparable);
  EXPECT_EQ(judge_one(evidence).reason, "the protocols differ in weights: ema / raw");
}

ClaimEvidence with_lost_left(ClaimTest test, Better direction, const Values& left,
                             const Values& right) {
  ClaimEvidence evidence = claim(test, direction, left, right);
  ClaimValue& last = evidence.left.values.back();
  constexpr double kBeyond = std::numeric_limits<double>::infinity();
  last.value = direction == Better::kLower ? kBeyond : -kBeyond;
  last.lost = "diverged: loss is nan";
  return evidence;
}

TEST(Judge, ALostSeedRanksWorst) {
  using enum Better;
  // Four of five pairs for the claim, and the lost one against it: P(at least 4 heads of 5) = 6/32.
  auto verdict = judge_one(with_lost_left(ClaimTest::kSign, kLower, kLow, kHigh));
  EXPECT_DOUBLE_EQ(verdict.claimed->p, 6.0 / 32.0);
  EXPECT_EQ(verdict.outcome, ClaimOutcome::kInconclusive);
  EXPECT_FALSE(verdict.effect);
  EXPECT_EQ(verdict.reason, "seed 4 of vae/left diverged: loss is nan: ranked worst");
  // Signed ranks: the lost difference is the largest, so against the claim speak 5 of 15; of the 32
  // sign patterns 10 have sums up to 5.
  EXPECT_DOUBLE_EQ(judge_one(with_lost_left(ClaimTest::kWilcoxon, kLower, kLow, kHigh)).claimed->p,
                   10.0 / 32.0);
  // U = 5 of 25, all of them the lost one's: 19 of the 252 arrangements have U up to 5.
  EXPECT_DOUBLE_EQ(
      judge_one(with_lost_left(ClaimTest::kMannWhitney, kLower, kLow, kHigh)).claimed->p,
      19.0 / 252.0);
  // Where higher is better it is the lowest.
  verdict = judge_one(with_lost_left(ClaimTest::kSign, kHigher, kHigh, kLow));
  EXPECT_DOUBLE_EQ(verdict.claimed->p, 6.0 / 32.0);
  // Lost on both sides of a pair: a tie, which the sign test leaves out.
  auto both = with_lost_left(ClaimTest::kSign, kLower, kLow, kHigh);
  both.right.values.back() = both.left.values.back();
  EXPECT_DOUBLE_EQ(judge_one(both).claimed->p, 1.0 / 16.0);
  // Factor and margin change nothing of it.
  auto scaled = with_lost_left(ClaimTest::kSign, kLower, kLow, kHigh);
  scaled.claim.factor = 2.0;
  scaled.claim.margin = 0.5;
  EXPECT_DOUBLE_EQ(judge_one(scaled).claimed->p, 6.0 / 32.0);
  // A claim can hold in spite of a lost seed on its worse side.
  auto held = claim(ClaimTest::kSign, kLower, kLow, kHigh);
  held.right.values.back().value = std::numeric_limits<double>::infinity();
  held.right.values.back().lost = "has fd = +inf";
  EXPECT_EQ(judge_one(held).outcome, ClaimOutcome::kHolds);
  verdict = judge_one(with_lost_left(ClaimTest::kWelch, kLower, kLow, kHigh));
  EXPECT_EQ(verdict.outcome, ClaimOutcome::kNotRun);
  EXPECT_THAT(verdict.reason, HasSubstr("one of ranks has"));
}

TEST(Judge, WelchWithoutSpreadDecidesNothing) {
  const Values eight(5, 8.0);
  const Values seven(5, 7.0);
  const ClaimVerdict verdict = judge_one(claim(ClaimTest::kWelch, Better::kHigher, eight, seven));
  EXPECT_EQ(verdict.outcome, ClaimOutcome::kInconclusive);
  EXPECT_THAT(verdict.reason, HasSubstr("no seed differs"));
  EXPECT_DOUBLE_EQ(verdict.effect->value, 1.0);
  // Ranks do decide: all eights lie above all sevens.
  EXPECT_EQ(judge_one(claim(ClaimTest::kMannWhitney, Better::kHigher, eight, seven)).outcome,
            ClaimOutcome::kHolds);
}

TEST(Judge, WelchOfEqualValuesThatDoublesCannotAverageDecidesNothing) {
  // In doubles the sum of six 0.95 divided by six is 0.9500000000000001.
  const ClaimVerdict verdict =
      judge_one(claim(ClaimTest::kWelch, Better::kLower, Values(6, 0.9), Values(6, 0.95)));
  EXPECT_EQ(verdict.outcome, ClaimOutcome::kInconclusive);
  EXPECT_FALSE(verdict.claimed);
  EXPECT_EQ(verdict.effect->value, 0.9 - 0.95);
}

TEST(Judge, SaysHowManySeedsWouldDoWhereNoneDisagrees) {
  // Two sign tests of five pairs: 2/32 > 0.05 at best; 2/64 is not.
  const ClaimEvidence good = claim(ClaimTest::kSign, Better::kLower, kLow, kHigh);
  const ClaimEvidence bad = claim(ClaimTest::kSign, Better::kHigher, kLow, kHigh);
  auto verdicts = judge(std::vector{good, bad});
  EXPECT_EQ(verdicts[0].outcome, ClaimOutcome::kInconclusive);
  EXPECT_EQ(verdicts[0].reason,
            "5 of 5 pairs agree: no smaller p can be had from 5 pairs; 6 would do");
  EXPECT_EQ(verdicts[1].reason,
            "0 of 5 pairs agree: no smaller p can be had from 5 pairs; 6 would do");
  // One against 40 others of p = 1: 41/252 > 0.05, 41/924 <= 0.05.
  std::vector<ClaimEvidence> many(41, claim(ClaimTest::kMannWhitney, Better::kLower, kLow, kLow));
  many[0] = claim(ClaimTest::kMannWhitney, Better::kLower, kLow, kHigh);
  verdicts = judge(many);
  EXPECT_EQ(verdicts[0].reason,
            "left and right do not overlap: no smaller p can be had from 5 and 5 seeds; 6 a side "
            "would do");
  EXPECT_EQ(verdicts[1].reason, "");
  // One pair disagrees: more of the same would not help by itself.
  const ClaimEvidence mixed =
      claim(ClaimTest::kSign, Better::kLower, kLow, {11.5, 12.25, 13.0, 14.75, 1.0});
  EXPECT_EQ(judge_one(mixed).reason, "");
}

TEST(SmallestP, IsWhatCompleteSeparationReaches) {
  for (const ClaimTest test : {ClaimTest::kSign, ClaimTest::kWilcoxon, ClaimTest::kMannWhitney}) {
    const ClaimEvidence evidence = claim(test, Better::kLower, kLow, kHigh);
    EXPECT_DOUBLE_EQ(smallest_p(test, 5, 5), judge_one(evidence).claimed->p);
  }
  EXPECT_EQ(smallest_p(ClaimTest::kWelch, 5, 5), 0.0);
}

// Planted truth: suites of four claims on seven seeds, one for each test.
struct Rates {
  int suites_with_holds = 0;
  int suites_with_fails = 0;
  int hold = 0;
};

Rates simulate(double shift, int suites) {
  Rates rates;
  RandomStream random(20261123);
  for (int s = 0; s < suites; ++s) {
    std::vector<ClaimEvidence> claims;
    for (const ClaimTest test :
         {ClaimTest::kSign, ClaimTest::kWilcoxon, ClaimTest::kMannWhitney, ClaimTest::kWelch}) {
      Values left;
      Values right;
      for (int i = 0; i < 7; ++i) {
        left.push_back(random.normal());
        right.push_back(random.normal() + shift);
      }
      claims.push_back(claim(test, Better::kLower, left, right));
    }
    int holding = 0;
    int failing = 0;
    for (const auto& verdict : judge(claims)) {
      holding += verdict.outcome == ClaimOutcome::kHolds ? 1 : 0;
      failing += verdict.outcome == ClaimOutcome::kFails ? 1 : 0;
    }
    rates.hold += holding;
    rates.suites_with_holds += holding > 0 ? 1 : 0;
    rates.suites_with_fails += failing > 0 ? 1 : 0;
  }
  return rates;
}

TEST(Judge, ErrsInAtMostFivePercentOfSuitesWhereNothingDiffers) {
  // Either way: 0.05 · 2000 = 100, plus three standard errors of 9.7.
  const Rates rates = simulate(0.0, 2000);
  EXPECT_LE(rates.suites_with_holds, 130);
  EXPECT_LE(rates.suites_with_fails, 130);
  EXPECT_GE(rates.suites_with_fails, 40);  // it is no test that cannot reject
}

TEST(Judge, FindsADifferenceOfFourStandardDeviations) {
  // Complete separation is nearly certain at four standard deviations: 800 claims in all.
  EXPECT_GE(simulate(4.0, 200).hold, 760);
}

}  // namespace
}  // namespace assay
