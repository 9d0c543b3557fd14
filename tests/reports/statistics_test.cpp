// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/summary.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace assay {
namespace {

TEST(SeedSummary, OfThreeSeedsMatchesTheHandComputedInterval) {
  // Mean 39/3 = 13; deviations −3, −1, 4: sum of squares 26, sd = √(26/2) = 3.605551275463989.
  // t_{0.975, 2} = 4.302652729911275 (NIST table 4.303); half width 4.302652729911275
  // · 3.605551275463989 / √3 = 8.956685895.
  const auto summary = summarise(std::vector<double>{10.0, 12.0, 17.0});
  EXPECT_EQ(summary.n, 3);
  EXPECT_DOUBLE_EQ(*summary.mean, 13.0);
  EXPECT_NEAR(*summary.sd, 3.605551275463989, 1e-12);
  EXPECT_NEAR(*summary.low, 13.0 - 8.956685895, 1e-8);
  EXPECT_NEAR(*summary.high, 13.0 + 8.956685895, 1e-8);
}

TEST(SeedSummary, OfOneSeedHasNoSpread) {
  const auto summary = summarise(std::vector<double>{4.0});
  EXPECT_EQ(summary.n, 1);
  EXPECT_EQ(summary.mean, 4.0);
  EXPECT_FALSE(summary.sd);
  EXPECT_FALSE(summary.low);
}

TEST(SeedSummary, OfEqualValuesIsThatValue) {
  // In doubles the sum of six 0.95 divided by six is 0.9500000000000001.
  const auto summary = summarise(std::vector<double>(6, 0.95));
  EXPECT_EQ(summary.mean, 0.95);
  EXPECT_EQ(summary.sd, 0.0);
  EXPECT_EQ(summary.low, 0.95);
  EXPECT_EQ(summary.high, 0.95);
}

TEST(SeedSummary, CountsWhatIsNotFiniteApart) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto summary =
      summarise(std::vector<double>{1.0, kInfinity, 3.0, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_EQ(summary.n, 2);
  EXPECT_EQ(summary.non_finite, 2);
  EXPECT_DOUBLE_EQ(*summary.mean, 2.0);
}

TEST(SeedSummary, OfNothingIsEmpty) {
  const auto summary = summarise({});
  EXPECT_EQ(summary.n, 0);
  EXPECT_FALSE(summary.mean);
}

TEST(StudentT, QuantilesMatchThePublishedTable) {
  // NIST/SEMATECH e-Handbook, section 1.3.6.7.2, column 0.975.
  EXPECT_NEAR(student_t_quantile(1, 0.975), 12.706, 5e-4);
  EXPECT_NEAR(student_t_quantile(4, 0.975), 2.776, 5e-4);
  EXPECT_NEAR(student_t_quantile(9, 0.975), 2.262, 5e-4);
  EXPECT_NEAR(student_t_quantile(100, 0.975), 1.984, 5e-4);
}

}  // namespace
}  // namespace assay
