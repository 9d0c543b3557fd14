// SPDX-License-Identifier: Apache-2.0
#include "core/median.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Median, IsTheMiddleValueOrTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(median({5.0, 1.0, 3.0}), 3.0);
  EXPECT_EQ(median({4.0, 1.0, 9.0, 2.0}), 3.0);
  EXPECT_EQ(median({}), std::nullopt);
}

TEST(UpperMedian, IsTheLargerOfTheMiddleTwo) {
  EXPECT_EQ(upper_median({5.0, 1.0, 3.0}), 3.0);
  EXPECT_EQ(upper_median({4.0, 1.0, 9.0, 2.0}), 4.0);
  EXPECT_EQ(upper_median({}), std::nullopt);
}

}  // namespace
}  // namespace assay
