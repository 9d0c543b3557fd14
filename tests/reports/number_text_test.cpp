// SPDX-License-Identifier: Apache-2.0
#include "reports/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace assay {
namespace {

SeedSummary of(std::vector<double> values) { return summarise(values); }

TEST(NumberText, DigitsFollowTheSpread) {
  EXPECT_EQ(mean_and_spread_text(of({10.0, 12.0, 17.0})), "13.0 ± 3.6");
  EXPECT_EQ(mean_and_spread_text(of({0.5012, 0.5032})), "0.5022 ± 0.0014");
  EXPECT_EQ(mean_and_spread_text(of({1000.0, 1400.0})), "1200 ± 283");
  EXPECT_EQ(mean_and_spread_text(of({-230.0, -231.0})), "−230.50 ± 0.71");
}

TEST(NumberText, OneSeedHasFourDigitsAndNoSpread) {
  EXPECT_EQ(mean_and_spread_text(of({12.34567})), "12.35");
  EXPECT_EQ(mean_and_spread_text(of({0.00123456})), "0.001235");
  EXPECT_EQ(mean_and_spread_text(of({8.25})), "8.25");
  EXPECT_EQ(interval_text(of({12.0})), "");
}

TEST(NumberText, EqualSeedsHaveSpreadZero) {
  EXPECT_EQ(mean_and_spread_text(of({8.0, 8.0})), "8 ± 0");
}

TEST(NumberText, NothingAndNotFiniteAreSaid) {
  EXPECT_EQ(mean_text(of({})), "—");
  EXPECT_EQ(mean_text(of({std::nan("")})), "not finite");
}

TEST(NumberText, DifferencesHaveTheirSign) {
  EXPECT_EQ(signed_number_text(0.53219, 3), "+0.532");
  EXPECT_EQ(signed_number_text(-12.0), "−12");
  EXPECT_EQ(signed_number_text(-INFINITY), "-inf");
}

TEST(NumberText, IntervalHasTheDigitsOfTheMean) {
  EXPECT_EQ(interval_text(of({10.0, 12.0, 17.0})), "[4.0, 22.0]");
}

TEST(NumberText, ExactTextReadsBackToTheSameBits) {
  for (const double value : {0.1, 1.0 / 3.0, 1e300, 5e-324, -2.5}) {
    EXPECT_EQ(std::strtod(exact_number_text(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(exact_number_text(std::nan("")), "nan");
  EXPECT_EQ(exact_number_text(-HUGE_VAL), "-inf");
}

TEST(NumberText, LargeAndSmallNumbersStayShort) {
  EXPECT_EQ(short_number_text(123456789.0, 3), "1.23e+08");
  EXPECT_EQ(short_number_text(0.000012, 2), "1.2e-05");
  EXPECT_EQ(short_number_text(0.0), "0");
  EXPECT_EQ(images_text(240000), "240k");
  EXPECT_EQ(images_text(1250000), "1.25M");
  EXPECT_EQ(images_text(640), "640");
  EXPECT_EQ(duration_in_words(41.2), "41 s");
  EXPECT_EQ(duration_in_words(725), "12 min");
  EXPECT_EQ(duration_in_words(7500), "2 h 5 min");
  EXPECT_EQ(bytes_text(std::int64_t{700} << 20), "700 MiB");
}

}  // namespace
}  // namespace assay
