// SPDX-License-Identifier: Apache-2.0
#include "reports/computing_time.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(ComputingSeconds, OfRunsThatTrainedAloneAreTheirSum) {
  EXPECT_DOUBLE_EQ(computing_seconds({{0, "", "", 10.0}, {1, "", "", 12.5}, {0, "", "", 1.0}}),
                   23.5);
  EXPECT_DOUBLE_EQ(computing_seconds({}), 0.0);
}

TEST(ComputingSeconds, OfABatchAreThoseOfItsLongestSeed) {
  // Seed 1 diverged after 4 s; the others trained on.
  EXPECT_DOUBLE_EQ(
      computing_seconds(
          {{0, "0, 1, 2", "", 30.0}, {1, "0, 1, 2", "", 4.0}, {2, "0, 1, 2", "", 31.0}}),
      31.0);
}

TEST(ComputingSeconds, OfTwoBatchesAndOfABatchThatWasRunTwiceAreTheirSum) {
  EXPECT_DOUBLE_EQ(computing_seconds({{0, "0, 1", "", 30.0},
                                      {1, "0, 1", "", 30.0},
                                      {2, "2, 3", "", 20.0},
                                      {3, "2, 3", "", 20.0}}),
                   50.0);
  EXPECT_DOUBLE_EQ(computing_seconds({{0, "0, 1", "2026-11-02", 7.0},
                                      {1, "0, 1", "2026-11-02", 7.0},
                                      {0, "0, 1", "2026-11-01", 30.0},
                                      {1, "0, 1", "2026-11-01", 30.0}}),
                   37.0);
}

}  // namespace
}  // namespace assay
