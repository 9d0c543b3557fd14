// SPDX-License-Identifier: Apache-2.0
#include "reports/latent_dimensions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reports/sweep_charts.h"

namespace assay {
namespace {

const std::string kHeading = "dimension,kl_to_standard_normal_nats,variance_of_means,active\n";

TEST(LatentDimensions, AreReadFromTheArtifact) {
  const auto read = read_latent_dimensions(kHeading + "0,0.5,0.25,1\n1,2e-3,1e-05,0\n");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].kl, 0.5);
  EXPECT_EQ(read[0].variance, 0.25);
  EXPECT_EQ(read[1].kl, 2e-3);
  EXPECT_EQ(read[1].variance, 1e-5);
}

TEST(LatentDimensions, OfPointCodesHaveNoKl) {
  const auto read = read_latent_dimensions(kHeading + "0,,0.25,1\n");
  ASSERT_EQ(read.size(), 1U);
  EXPECT_TRUE(std::isnan(read[0].kl));
  EXPECT_EQ(read[0].variance, 0.25);
}

TEST(LatentProfile, RanksEachSeedBeforeItAveragesOverSeeds) {
  const auto profile = latent_profile({{{1.0, 0}, {5.0, 0}}, {{3.0, 0}, {2.0, 0}}});
  EXPECT_TRUE(profile.kl);
  ASSERT_EQ(profile.by_rank.size(), 2U);
  EXPECT_EQ(profile.by_rank[0].mean, 4.0);  // of 5 and 3
  EXPECT_EQ(profile.by_rank[1].mean, 1.5);  // of 1 and 2
  EXPECT_EQ(profile.by_rank[0].n, 2);
}

TEST(LatentProfile, TakesVariancesWhereASeedHasNoKlAndNothingOfCodesThatDifferInSize) {
  const auto profile = latent_profile({{{NAN, 0.5}, {NAN, 0.75}}});
  EXPECT_FALSE(profile.kl);
  EXPECT_EQ(profile.by_rank[0].mean, 0.75);
  EXPECT_TRUE(latent_profile({{{1.0, 0}}, {{1.0, 0}, {2.0, 0}}}).by_rank.empty());
  EXPECT_TRUE(latent_profile({}).by_rank.empty());
}

TEST(LatentCharts, KeepKlsVariancesAndSizesApart) {
  Report report;
  report.experiments.resize(4);
  report.experiments[0].latents = latent_profile({{{1.0, 0}, {5.0, 0}}});
  report.experiments[1].latents = latent_profile({{{NAN, 1.0}, {NAN, 5.0}}});
  report.experiments[2].latents = latent_profile({{{1.0, 0}, {5.0, 0}, {6.0, 0}}});
  report.experiments[3].latents = latent_profile({{{2.0, 0}, {4.0, 0}}});
  const auto charts = latent_charts_of(report);
  ASSERT_EQ(charts.size(), 3U);
  EXPECT_EQ(charts[0].heading, "KL of a dimension, nats");
  EXPECT_EQ(charts[0].series.size(), 2U);
  EXPECT_EQ(charts[0].series[0].marks[0].x, 1.0);
  EXPECT_EQ(charts[0].series[0].marks[0].y.mean, 5.0);
  EXPECT_EQ(charts[1].series.size(), 1U);
  EXPECT_EQ(charts[2].heading, "variance of a dimension");
}

}  // namespace
}  // namespace assay
