// SPDX-License-Identifier: Apache-2.0
#include "reports/curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay {
namespace {

TEST(SeedCurve, HasMeanAndRangeAtCommonImages) {
  const std::vector<SeedRecords> seeds = {{{100, 1.0}, {200, 2.0}, {300, 9.0}},
                                          {{100, 3.0}, {200, 6.0}}};
  const SeedCurve curve = curve_over_seeds("loss", seeds);
  ASSERT_EQ(curve.points.size(), 2U);
  EXPECT_EQ(curve.points[1].images_seen, 200);
  EXPECT_DOUBLE_EQ(curve.points[1].mean, 4.0);
  EXPECT_EQ(curve.points[1].low, 2.0);
  EXPECT_EQ(curve.points[1].high, 6.0);
  EXPECT_EQ(curve.seeds, 2);
}

TEST(SeedCurve, LeavesOutImagesWhereASeedIsNotFinite) {
  const std::vector<SeedRecords> seeds = {{{100, 1.0}, {200, std::nan("")}},
                                          {{100, 3.0}, {200, 6.0}}};
  EXPECT_EQ(curve_over_seeds("loss", seeds).points.size(), 1U);
}

TEST(SeedCurve, AveragesNeighboursBeyondTheLimit) {
  SeedRecords records;
  for (int i = 1; i <= 10; ++i) records.emplace_back(i, i);
  const std::vector<SeedRecords> seeds = {records};
  const SeedCurve curve = curve_over_seeds("loss", seeds, 4);
  // ⌈10/4⌉ = 3 records a point: means of {1,2,3}, {4,5,6}, {7,8,9}, {10}.
  EXPECT_EQ(curve.records_per_point, 3);
  ASSERT_EQ(curve.points.size(), 4U);
  EXPECT_DOUBLE_EQ(curve.points[0].mean, 2.0);
  EXPECT_DOUBLE_EQ(curve.points[2].mean, 8.0);
  EXPECT_EQ(curve.points[3].images_seen, 10);
}

}  // namespace
}  // namespace assay
