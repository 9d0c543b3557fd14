// SPDX-License-Identifier: Apache-2.0
#include "reports/noise_profile.h"

#include <gtest/gtest.h>

#include "reports/sweep_charts.h"

namespace assay {
namespace {

TEST(NoiseProfile, IsReadFromTheArtifact) {
  const auto read = read_placed_numbers("t,log_snr\n0.25,1.5\n0.5,-2e-3\n1,-inf\nbroken\n2,3x\n");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].x, 0.25);
  EXPECT_EQ(read[0].y, 1.5);
  EXPECT_EQ(read[1].y, -2e-3);
}

TEST(NoiseProfile, AveragesOverSeedsOfTheSamePlaces) {
  const auto points = profile_over_seeds({{{0, 1.0}, {4, 2.0}}, {{0, 3.0}, {4, 2.0}}});
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].y.mean, 2.0);
  EXPECT_EQ(points[0].y.n, 2);
  EXPECT_EQ(points[1].x, 4.0);
  EXPECT_TRUE(profile_over_seeds({{{0, 1.0}}, {{1, 1.0}}}).empty());
  EXPECT_TRUE(profile_over_seeds({{{0, 1.0}}, {{0, 1.0}, {1, 1.0}}}).empty());
  EXPECT_TRUE(profile_over_seeds({}).empty());
}

TEST(NoiseCharts, AreOneOfRatiosAndOneOfBounds) {
  Report report;
  report.experiments.resize(3);
  for (auto& one : report.experiments) {
    one.noise.snr = profile_over_seeds({{{0.0, 5.0}, {1.0, -5.0}}});
  }
  report.experiments[1].noise.bound = profile_over_seeds({{{0, 1.0}, {9, 0.5}}});
  const auto charts = noise_charts_of(report);
  ASSERT_EQ(charts.size(), 2U);
  EXPECT_EQ(charts[0].heading, "log of signal over noise, nats");
  EXPECT_EQ(charts[0].series.size(), 3U);
  EXPECT_EQ(charts[0].series[2].colour, 2U);
  EXPECT_EQ(charts[0].series[0].marks[1].y.mean, -5.0);
  EXPECT_EQ(charts[1].key, "timestep");
  ASSERT_EQ(charts[1].series.size(), 1U);
  EXPECT_EQ(charts[1].series[0].marks[1].x, 9.0);
  EXPECT_NE(charts[0].id, charts[1].id);
  EXPECT_TRUE(noise_charts_of(Report{}).empty());
}

}  // namespace
}  // namespace assay
