// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "reports/statistics/holm.h"
#include "reports/statistics/mann_whitney.h"
#include "reports/statistics/sign_test.h"
#include "reports/statistics/signed_rank.h"
#include "reports/statistics/welch.h"
#include "tests/reports/oracle.h"

namespace assay {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

using test::kAlternatives;

/// scipy's and statsmodels' values; make_hypothesis_oracle.py says how each was made.
const Json& oracle() {
  static const Json values = test::read_oracle("hypothesis_oracle.json");
  return values;
}

double alpha() { return oracle().at("alpha").get<double>(); }

// Both sides sum doubles; 1e-12 of the value is room for that and nothing else.
void expect_same(double ours, double theirs) { EXPECT_NEAR(ours, theirs, 1e-12 * theirs); }

void expect_interval(const Estimate& ours, const Json& theirs) {
  ASSERT_EQ(ours.interval.has_value(), !theirs.is_null());
  if (!ours.interval) return;
  EXPECT_NEAR(ours.interval->low, theirs[0].get<double>(), 1e-9);
  EXPECT_NEAR(ours.interval->high, theirs[1].get<double>(), 1e-9);
}

TEST(SignTest, AgreesWithScipysBinomialTest) {
  for (const Json& c : oracle().at("paired")) {
    const auto d = c.at("differences").get<Values>();
    for (const auto& [name, alternative] : kAlternatives) {
      SCOPED_TRACE(c.dump() + name);
      expect_same(sign_test(d, alternative).p, c.at("sign").at(name).get<double>());
    }
  }
}

TEST(SignTest, OfZerosAloneShowsNothing) {
  EXPECT_EQ(sign_test(Values{0.0, 0.0}, Alternative::kLess).p, 1.0);
}

TEST(SignTest, IntervalIsWhatTheTestDoesNotReject) {
  int cases = 0;
  for (const Json& c : oracle().at("paired")) {
    if (!c.contains("median")) continue;
    SCOPED_TRACE(c.dump());
    const Estimate found = median_estimate(c.at("differences").get<Values>(), alpha());
    EXPECT_DOUBLE_EQ(found.value, c.at("median").get<double>());
    expect_interval(found, c.at("median_interval"));
    ++cases;
  }
  EXPECT_EQ(cases, 3);
}

TEST(SignTest, IntervalOfFiveIsTheirRangeAndOfFourThereIsNone) {
  // P(five heads) = 1/32 <= 0.05 a side, so [smallest, largest] covers 1 − 2/32; 1/16 > 0.05.
  const Estimate five = median_estimate(Values{3.0, 1.0, 2.0, 5.0, 4.0}, 0.05);
  ASSERT_TRUE(five.interval);
  EXPECT_EQ(five.interval->low, 1.0);
  EXPECT_EQ(five.interval->high, 5.0);
  EXPECT_DOUBLE_EQ(five.interval->confidence, 1.0 - 2.0 / 32.0);
  EXPECT_FALSE(median_estimate(Values{1.0, 2.0, 3.0, 4.0}, 0.05).interval);
}

TEST(SignedRank, AgreesWithScipysWilcoxonExactWithTiesAndInLargeSamples) {
  for (const Json& c : oracle().at("paired")) {
    const auto d = c.at("differences").get<Values>();
    for (const auto& [name, alternative] : kAlternatives) {
      SCOPED_TRACE(c.dump() + name);
      const TestResult found = signed_rank_test(d, alternative);
      expect_same(found.p, c.at("wilcoxon").at(name).get<double>());
      EXPECT_EQ(found.exact, d.size() <= 50U);
    }
  }
}

TEST(SignedRank, StatisticIsTheRankSumOfWhatIsPositive) {
  // |d| = 1, 2, 2, 3 have ranks 1, 2.5, 2.5, 4, the zero has none; positive are 1 and one of the
  // 2s.
  const Values d = {1.0, -2.0, 0.0, 2.0, -3.0};
  EXPECT_DOUBLE_EQ(signed_rank_test(d, Alternative::kLess).statistic, 3.5);
}

TEST(SignedRank, SmallestPIsOneOverTwoToTheN) {
  EXPECT_DOUBLE_EQ(signed_rank_test(Values{1, 2, 3, 4, 5}, Alternative::kGreater).p, 1.0 / 32.0);
  EXPECT_EQ(signed_rank_test(Values{0.0, 0.0}, Alternative::kTwoSided).p, 1.0);
}

TEST(SignedRank, HodgesLehmannIntervalIsWhatTheTestDoesNotReject) {
  int cases = 0;
  for (const Json& c : oracle().at("paired")) {
    if (!c.contains("hodges_lehmann")) continue;
    SCOPED_TRACE(c.dump());
    const Estimate found = hodges_lehmann_estimate(c.at("differences").get<Values>(), alpha());
    EXPECT_DOUBLE_EQ(found.value, c.at("hodges_lehmann").get<double>());
    expect_interval(found, c.at("hodges_lehmann_interval"));
    ++cases;
  }
  EXPECT_EQ(cases, 3);
}

TEST(MannWhitney, AgreesWithScipyExactWithTiesAndInLargeSamples) {
  for (const Json& c : oracle().at("unpaired")) {
    const auto left = c.at("left").get<Values>();
    const auto right = c.at("right").get<Values>();
    for (const auto& [name, alternative] : kAlternatives) {
      SCOPED_TRACE(c.dump() + name);
      const TestResult found = mann_whitney_test(left, right, alternative);
      expect_same(found.p, c.at("mann_whitney").at(name).get<double>());
      EXPECT_EQ(found.exact, std::max(left.size(), right.size()) <= 50U);
    }
  }
}

TEST(MannWhitney, StatisticCountsPairsThatLeftWins) {
  // 4 beats 1 and 2 and ties with 4: 2½; 2 beats 1 and ties with 2: 1½.
  const TestResult found =
      mann_whitney_test(Values{4.0, 2.0}, Values{1.0, 2.0, 4.0}, Alternative::kGreater);
  EXPECT_DOUBLE_EQ(found.statistic, 4.0);
}

TEST(MannWhitney, OfEqualValuesShowsNothing) {
  const Values same(6, 25.0);
  EXPECT_DOUBLE_EQ(mann_whitney_test(same, same, Alternative::kLess).p, 1.0);
  const Values many(60, 25.0);
  EXPECT_EQ(mann_whitney_test(many, many, Alternative::kTwoSided).p, 1.0);
}

TEST(MannWhitney, ShiftIntervalIsWhatTheTestDoesNotReject) {
  int cases = 0;
  for (const Json& c : oracle().at("unpaired")) {
    if (!c.contains("shift")) continue;
    SCOPED_TRACE(c.dump());
    const Estimate found =
        shift_estimate(c.at("left").get<Values>(), c.at("right").get<Values>(), alpha());
    EXPECT_DOUBLE_EQ(found.value, c.at("shift").get<double>());
    expect_interval(found, c.at("shift_interval"));
    ++cases;
  }
  EXPECT_EQ(cases, 3);
}

TEST(Welch, AgreesWithScipysUnequalVarianceTest) {
  for (const Json& c : oracle().at("unpaired")) {
    const auto left = c.at("left").get<Values>();
    const auto right = c.at("right").get<Values>();
    for (const auto& [name, alternative] : kAlternatives) {
      SCOPED_TRACE(c.dump() + name);
      const auto found = welch_test(left, right, alternative);
      ASSERT_TRUE(found);
      const auto theirs = c.at("welch").at(name).get<double>();
      EXPECT_NEAR(found->p, theirs, 1e-10 * theirs);
    }
    expect_interval(mean_difference_estimate(left, right, alpha()),
                    c.at("mean_difference_interval"));
  }
}

TEST(Welch, ShiftedHypothesisIsTheTestOfShiftedData) {
  const Values left = {1.0, 2.5, 2.0};
  const Values right = {4.0, 7.0, 5.5, 6.0};
  const Values moved = {3.0, 4.5, 4.0};  // left + 2
  EXPECT_NEAR(welch_test(left, right, Alternative::kLess, -2.0)->p,
              welch_test(moved, right, Alternative::kLess)->p, 1e-14);
}

TEST(Welch, IsTheSameInEveryUnit) {
  const Values left = {1.0, 2.5, 2.0};
  const Values right = {4.0, 7.0, 5.5, 6.0};
  const double p = welch_test(left, right, Alternative::kLess)->p;
  for (const double unit : {1e80, 1e-90}) {
    Values l = left;
    Values r = right;
    for (double& value : l) value *= unit;
    for (double& value : r) value *= unit;
    EXPECT_NEAR(welch_test(l, r, Alternative::kLess)->p, p, 1e-12 * p);
  }
}

TEST(Welch, WithoutSpreadThereIsNoTest) {
  EXPECT_FALSE(welch_test(Values{8.0, 8.0}, Values{7.0, 7.0}, Alternative::kGreater));
  const Estimate found = mean_difference_estimate(Values{8.0, 8.0}, Values{7.0, 7.0}, 0.05);
  EXPECT_EQ(found.value, 1.0);
  EXPECT_FALSE(found.interval);
}

TEST(Holm, AgreesWithStatsmodels) {
  for (const Json& c : oracle().at("holm")) {
    const auto found = holm_adjusted(c.at("p").get<Values>());
    const auto wanted = c.at("adjusted").get<Values>();
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-14);
  }
  EXPECT_TRUE(holm_adjusted({}).empty());
}

}  // namespace
}  // namespace assay
