// SPDX-License-Identifier: Apache-2.0
// How often each rule of a comparison says what is true, over draws whose truth is known.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/metric_kind.h"
#include "core/random.h"
#include "reports/comparison/decide.h"
#include "reports/statistics/bootstrap.h"

namespace assay {
namespace {

constexpr int kDraws = 4000;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Pair {
  Sample left, right;
};

Sample sample_of(const std::vector<double>& values, std::uint64_t first_seed) {
  Sample sample{.label = "s"};
  for (const double value : values) sample.scores.push_back({first_seed++, value});
  return sample;
}

// n normal values of sd 1 about 20, and n of right_sd that lie `shift` higher.
Pair draw_normal(RandomStream& random, std::int64_t n, double shift, double right_sd) {
  std::vector<double> left, right;
  for (std::int64_t i = 0; i < n; ++i) left.push_back(20.0 + random.normal());
  for (std::int64_t i = 0; i < n; ++i) right.push_back(20.0 + shift + right_sd * random.normal());
  return {sample_of(left, 0), sample_of(right, 100)};
}

// The same with what a seed makes of both sides, of sd 5.
Pair draw_pairs(RandomStream& random, std::int64_t n, double shift) {
  Pair pair = draw_normal(random, n, shift, 1.0);
  for (std::size_t i = 0; i < pair.left.scores.size(); ++i) {
    const double of_seed = 5.0 * random.normal();
    pair.left.scores[i].value += of_seed;
    pair.right.scores[i].value += of_seed;
    pair.right.scores[i].seed = pair.left.scores[i].seed;
  }
  return pair;
}

// Each seed of left is lost with probability `left`, of right with `right`.
void lose(RandomStream& random, Pair& pair, double left, double right) {
  for (auto& score : pair.left.scores) score.value = random.uniform() < left ? kNan : score.value;
  for (auto& score : pair.right.scores) score.value = random.uniform() < right ? kNan : score.value;
}

// How often a verdict comes out, and how often the interval holds the true shift.
struct Shares {
  double better = 0, worse = 0, same = 0, covered = 0;
};
Shares simulate(const std::function<Pair(RandomStream&)>& draw, const Terms& terms, double shift,
                std::uint64_t seed) {
  RandomStream random(seed);
  Shares shares;
  for (int i = 0; i < kDraws; ++i) {
    const auto [left, right] = draw(random);
    Decision found = compare_samples(left, right, terms);
    const TableRow row{&found, &terms};
    settle(std::span(&row, 1));
    shares.better += found.verdict == Verdict::kBetter;
    shares.worse += found.verdict == Verdict::kWorse;
    shares.same += found.verdict == Verdict::kSame;
    shares.covered += found.low && *found.low <= shift && shift <= *found.high;
  }
  for (double* one : {&shares.better, &shares.worse, &shares.same, &shares.covered}) *one /= kDraws;
  return shares;
}

Shares of_normal(std::int64_t n, double shift, double right_sd, double margin, double guard = 0.0) {
  return simulate([&](RandomStream& random) { return draw_normal(random, n, shift, right_sd); },
                  {.better = Better::kLower, .margin = margin, .guard = guard}, shift,
                  static_cast<std::uint64_t>(n) * 1000 +
                      static_cast<std::uint64_t>(10 * (shift + 10 * right_sd)));
}

Shares of_pairs(std::int64_t n, double shift, Pairing pairing, double margin = 0.0) {
  return simulate([&](RandomStream& random) { return draw_pairs(random, n, shift); },
                  {.better = Better::kLower, .margin = margin, .pairing = pairing}, shift,
                  static_cast<std::uint64_t>(n) * 77 + static_cast<std::uint64_t>(10 * shift));
}

Shares of_lost(std::int64_t n, double shift, double left, double right) {
  return simulate(
      [&](RandomStream& random) {
        Pair pair = draw_normal(random, n, shift, 1.0);
        lose(random, pair, left, right);
        return pair;
      },
      {.better = Better::kLower}, shift,
      static_cast<std::uint64_t>(n) + static_cast<std::uint64_t>(100 * (left + 2 * right)));
}

// Three standard errors of a share of 4000 draws near 5 % are 1 %. Welch's degrees are approximate:
// of five values and unequal spread the size is known to lie up to half a percent off.
TEST(DecideSimulated, NoDifferenceIsFoundInFivePercentAtMost) {
  for (const std::int64_t n : {3, 5, 12}) {
    for (const double right_sd : {1.0, 3.0}) {
      const Shares found = of_normal(n, 0.0, right_sd, 0.0);
      EXPECT_LT(found.better + found.worse, 0.066) << n << " " << right_sd;
      EXPECT_GT(found.covered, 0.934) << n << " " << right_sd;
      EXPECT_LT(found.covered, 0.98) << n << " " << right_sd;
    }
  }
}

TEST(DecideSimulated, ADifferenceIsFoundAsOftenAsTheoryHasIt) {
  // statsmodels: effect 2, n = 5, alpha 0.05: power 0.7905; effect 3: 0.9847.
  EXPECT_NEAR(of_normal(5, 2.0, 1.0, 0.0).worse, 0.7905, 0.03);
  EXPECT_NEAR(of_normal(5, 3.0, 1.0, 0.0).worse, 0.9847, 0.015);
  EXPECT_EQ(of_normal(5, 3.0, 1.0, 0.0).better, 0.0);
}

TEST(DecideSimulated, SameIsSaidOfADifferenceAtTheMarginInFivePercentAtMost) {
  for (const std::int64_t n : {3, 6, 20}) {
    EXPECT_LT(of_normal(n, 1.0, 1.0, 1.0).same, 0.062) << n;
  }
  EXPECT_GT(of_normal(20, 0.0, 1.0, 1.5).same, 0.9);
}

// Of normal differences t is exact: five percent, but for chance.
TEST(DecideSimulated, PairsHaveTheSizeAndThePowerOfStudentsT) {
  for (const std::int64_t n : {3, 5, 12}) {
    for (const Pairing pairing : {Pairing::kSeeds, Pairing::kTrainings}) {
      const Shares found = of_pairs(n, 0.0, pairing);
      EXPECT_NEAR(found.better + found.worse, 0.05, 0.011) << n;
      EXPECT_NEAR(found.covered, 0.95, 0.011) << n;
    }
  }
  // scipy's nct: the differences have sd √2; 2/√2 of five pairs 0.6625, 1/√2 of twelve 0.6075.
  EXPECT_NEAR(of_pairs(5, 2.0, Pairing::kTrainings).worse, 0.6625, 0.024);
  EXPECT_NEAR(of_pairs(12, 1.0, Pairing::kTrainings).worse, 0.6075, 0.024);
  // Without pairs what seeds share hides it.
  EXPECT_LT(of_pairs(12, 1.0, Pairing::kNone).worse, 0.03);
  for (const std::int64_t n : {3, 6, 20}) {
    EXPECT_LT(of_pairs(n, 1.0, Pairing::kTrainings, 1.0).same, 0.062) << n;
  }
}

TEST(DecideSimulated, EquallyOftenLostSeedsAreNoDifference) {
  // Exact given the ranks, so at most five percent; less, since few values have few p.
  for (const std::int64_t n : {5, 8, 12}) {
    for (const double lost : {0.1, 0.4}) {
      const Shares found = of_lost(n, 0.0, lost, lost);
      EXPECT_LT(found.better + found.worse, 0.061) << n << " " << lost;
    }
  }
  // Half of right collapses, all else equal: of twelve a side it is seen, and never called better.
  const Shares collapsing = of_lost(12, 0.0, 0.0, 0.7);
  EXPECT_GT(collapsing.worse, 0.6);
  EXPECT_EQ(collapsing.better, 0.0);
}

TEST(DecideSimulated, WhatTheGuardLetsPassIsNotFound) {
  // A difference of half the guard, as sure as ten standard errors; one of twice the guard is found
  // as if there were none.
  EXPECT_LT(of_normal(20, 0.5, 0.1, 0.0, 1.0).worse, 0.061);
  EXPECT_NEAR(of_normal(12, 2.0, 1.0, 0.0, 1.0).worse, of_normal(12, 2.0, 1.0, 0.0).worse, 0.02);
  const Shares none = of_normal(5, 0.0, 1.0, 0.0, 0.5);
  EXPECT_LT(none.better + none.worse, 0.061);
}

// The share of intervals that hold the mean; the draws of one seed serve both methods.
struct Coverage {
  double bca = 0, student = 0;
};
Coverage coverage(std::int64_t n, const std::function<double(double)>& of_normal_value,
                  double mean) {
  constexpr int kSamples = 2000;
  RandomStream random(static_cast<std::uint64_t>(n));
  Coverage covered;
  const auto holds = [&](double low, double high) { return low <= mean && mean <= high ? 1 : 0; };
  for (int i = 0; i < kSamples; ++i) {
    std::vector<double> values;
    for (std::int64_t k = 0; k < n; ++k) values.push_back(of_normal_value(random.normal()));
    const Interval bca = *bca_mean_estimate(values, expanded_alpha(n, 0.025), 2000).interval;
    const SeedSummary student = summarise(values);
    covered.bca += holds(bca.low, bca.high);
    covered.student += holds(*student.low, *student.high);
  }
  covered.bca /= kSamples;
  covered.student /= kSamples;
  return covered;
}

TEST(BootstrapSimulated, CoversFromTenValuesOnNearlyWhatItSays) {
  const auto normal = [](double x) { return x; };
  const auto lognormal = [](double x) { return std::exp(x); };
  const double mean_of_lognormal = std::exp(0.5);
  EXPECT_NEAR(coverage(10, normal, 0.0).student, 0.95, 0.015);
  for (const std::int64_t n : {10, 20, 40}) {
    const Coverage found = coverage(n, normal, 0.0);
    const Coverage skewed = coverage(n, lognormal, mean_of_lognormal);
    // Three standard errors of a share of 2000 draws are 1.5 %. Plain, ten values cover 89 %.
    EXPECT_NEAR(found.bca, 0.945, 0.025) << n;
    EXPECT_GT(skewed.bca, skewed.student + 0.01) << n;
  }
}

}  // namespace
}  // namespace assay
