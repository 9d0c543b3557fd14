// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "reports/statistics/bootstrap.h"
#include "reports/statistics/equivalence.h"
#include "reports/statistics/power.h"
#include "reports/statistics/rates.h"
#include "reports/statistics/student.h"
#include "tests/reports/oracle.h"

namespace assay {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

using test::kAlternatives;

/// scipy's and statsmodels' values; make_statistics_oracle.py says how each was made.
const Json& oracle() {
  static const Json values = test::read_oracle("statistics_oracle.json");
  return values;
}

void expect_same(double ours, const Json& theirs) {
  const double value = theirs.get<double>();
  EXPECT_NEAR(ours, value, 1e-10 * std::abs(value) + 1e-14);
}

TEST(StudentsTest, AgreesWithScipysOneSampleTest) {
  for (const Json& c : oracle().at("one_sample")) {
    const auto values = c.at("values").get<Values>();
    for (const auto& [name, alternative] : kAlternatives) {
      expect_same(t_test(values, c.at("mean"), alternative)->p, c.at("p").at(name));
    }
    const auto estimate = mean_estimate(values, 0.05);
    expect_same(estimate.interval->low, c.at("interval")[0]);
    expect_same(estimate.interval->high, c.at("interval")[1]);
  }
}

TEST(StudentsTest, OfEqualValuesDoesNotExist) {
  EXPECT_FALSE(t_test(Values{2.0, 2.0, 2.0}, 1.0, Alternative::kTwoSided));
  EXPECT_FALSE(t_test(Values{2.0}, 1.0, Alternative::kTwoSided));
}

// With one further value the two-sample t test of equal variances has the same t and degrees.
TEST(PredictionTest, IsThePooledTestAgainstOneValue) {
  const Values values = {1.0, 2.0, 4.0, 5.0};  // mean 3, variance 10/3
  const double t = (7.0 - 3.0) / std::sqrt(10.0 / 3.0 * 1.25);
  const auto found = prediction_test(values, 7.0, Alternative::kTwoSided);
  EXPECT_DOUBLE_EQ(found->statistic, t);
  // Student's t of 3 degrees: F(t) = 1/2 + (s/(1+s²) + atan s)/π with s = t/√3.
  const double s = t / std::sqrt(3.0);
  EXPECT_NEAR(found->p, 2.0 * (0.5 - (s / (1 + s * s) + std::atan(s)) / M_PI), 1e-14);
}

TEST(Equivalence, AgreesWithStatsmodels) {
  for (const Json& c : oracle().at("equivalence")) {
    const auto left = c.at("left").get<Values>();
    const auto right = c.at("right").get<Values>();
    expect_same(*equivalence_p(left, right, c.at("margin")), c.at("welch"));
    if (!c.contains("paired")) continue;
    Values differences;
    for (std::size_t i = 0; i < left.size(); ++i) differences.push_back(left[i] - right[i]);
    expect_same(*paired_equivalence_p(differences, c.at("margin")), c.at("paired"));
  }
}

TEST(Equivalence, OfOneSeedCannotBeShown) {
  EXPECT_FALSE(equivalence_p(Values{1.0}, Values{1.0, 2.0}, 5.0));
}

TEST(Bootstrap, BcaEndsAreScipysUpToChance) {
  for (const Json& c : oracle().at("bca")) {
    const auto values = c.at("values").get<Values>();
    const auto found = bca_mean_estimate(values, 0.025, 200'000);
    // Over its own seeds scipy's upper end of the lognormal sample varies by 0.033 at so many
    // resamples, 0.08 standard errors of the mean.
    const double error = c.at("sd").get<double>() / std::sqrt(static_cast<double>(values.size()));
    EXPECT_NEAR(found.interval->low, c.at("low").get<double>(), 0.1 * error);
    EXPECT_NEAR(found.interval->high, c.at("high").get<double>(), 0.1 * error);
  }
}

TEST(Bootstrap, IsRepeatableAndOfEqualValuesThatValue) {
  const Values values = {1.0, 2.0, 9.0, 4.0};
  EXPECT_EQ(bca_mean_estimate(values, 0.025).interval->low,
            bca_mean_estimate(values, 0.025).interval->low);
  EXPECT_EQ(bca_mean_estimate(Values{3.0, 3.0}, 0.025).interval->high, 3.0);
}

TEST(Bootstrap, TakesStudentsPlaceFromTenFiniteValuesOn) {
  Values skewed = {1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 2.0, 3.0, 6.0};
  EXPECT_EQ(summarise_scores(skewed).low, summarise(skewed).low);
  skewed.push_back(std::numeric_limits<double>::infinity());
  EXPECT_EQ(summarise_scores(skewed).low, summarise(skewed).low) << "nine are finite";
  skewed.back() = 12.0;
  // √(10/9) · 2.2622 = 2.3845, and Φ(−2.3845) = 0.00855.
  EXPECT_NEAR(expanded_alpha(10, 0.025), 0.00855, 5e-6);
  EXPECT_NEAR(expanded_alpha(1'000'000, 0.025), 0.025, 1e-6);
  const auto of_ten = bca_mean_estimate(skewed, expanded_alpha(10, 0.025)).interval;
  EXPECT_EQ(summarise_scores(skewed).low, of_ten->low);
  EXPECT_EQ(summarise_scores(skewed).high, of_ten->high);
  EXPECT_EQ(summarise_scores(skewed).sd, summarise(skewed).sd);
}

TEST(HedgesG, IsCohensDWithoutItsBias) {
  for (const Json& c : oracle().at("hedges")) {
    expect_same(*hedges_g(c.at("left").get<Values>(), c.at("right").get<Values>()), c.at("g"));
  }
  EXPECT_FALSE(hedges_g(Values{1.0, 1.0}, Values{2.0, 2.0}));
}

TEST(Power, AgreesWithStatsmodels) {
  for (const Json& c : oracle().at("power")) {
    EXPECT_NEAR(power_of(c.at("effect"), c.at("n"), c.at("alpha")), c.at("power").get<double>(),
                1e-9);
  }
  for (const Json& c : oracle().at("needed")) {
    EXPECT_EQ(values_needed(c.at("effect"), {c.at("alpha"), c.at("power")}),
              c.at("n").get<std::int64_t>());
  }
}

TEST(Power, OfPairsIsThatOfTheNonCentralT) {
  // scipy 1.17: 1 − nct.cdf(t, n − 1, d √n) + nct.cdf(−t, n − 1, d √n).
  EXPECT_NEAR(power_of(std::sqrt(2.0), 5, 0.05, Design::kPairs), 0.6625109775011827, 1e-9);
  EXPECT_NEAR(power_of(std::sqrt(0.5), 12, 0.05, Design::kPairs), 0.6075281819436557, 1e-9);
  EXPECT_NEAR(power_of(0.5, 5, 0.05, Design::kPairs), 0.14051668999029823, 1e-9);
  // The fewest pairs whose power is 0.8 there.
  EXPECT_EQ(values_needed(std::sqrt(2.0), {.design = Design::kPairs}), 7);
  EXPECT_EQ(values_needed(std::sqrt(0.5), {.design = Design::kPairs}), 18);
  EXPECT_EQ(values_needed(0.5, {.design = Design::kPairs}), 34);
  const double found = detectable_effect(5, {.design = Design::kPairs});
  EXPECT_NEAR(power_of(found, 5, 0.05, Design::kPairs), 0.8, 1e-9);
}

TEST(Power, OfTheDetectableEffectIsWhatWasAsked) {
  for (const std::int64_t n : {2, 3, 5, 50}) {
    EXPECT_NEAR(power_of(detectable_effect(n, {0.05, 0.8}), n, 0.05), 0.8, 1e-9);
  }
  EXPECT_FALSE(values_needed(1e-6, {}));
}

TEST(Rates, WilsonsIntervalAgreesWithStatsmodels) {
  for (const Json& c : oracle().at("wilson")) {
    const auto found = rate_estimate({c.at("of"), c.at("n")}, 0.025);
    EXPECT_NEAR(found.interval->low, c.at("low").get<double>(), 1e-12);
    EXPECT_NEAR(found.interval->high, c.at("high").get<double>(), 1e-12);
  }
}

TEST(Rates, FishersTestAgreesWithScipy) {
  for (const Json& c : oracle().at("fisher")) {
    for (const auto& [name, alternative] : kAlternatives) {
      SCOPED_TRACE(c.dump() + name);
      expect_same(rate_test({c.at("left")[0], c.at("left")[1]},
                            {c.at("right")[0], c.at("right")[1]}, alternative)
                      .p,
                  c.at("p").at(name));
    }
  }
}

}  // namespace
}  // namespace assay
