// SPDX-License-Identifier: Apache-2.0
#include "harness/speed.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace assay {
namespace {

TEST(MedianAbsoluteDeviation, IgnoresAnOutlier) {
  // Median 3; distances 2 1 0 1 97: median 1.
  EXPECT_EQ(median_absolute_deviation({1, 2, 3, 4, 100}), 1.0);
}

TEST(SpeedMeter, LeavesTheWarmUpOut) {
  SpeedMeter meter("train", 1);
  meter.resume();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  meter.add(1000000);
  meter.resume();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  meter.add(1);
  EXPECT_EQ(meter.result().n, 1);
  EXPECT_EQ(meter.result().phase, "train");
  // One image in at least 2 ms.
  EXPECT_LE(meter.result().images_per_second, 500.0);
}

TEST(SpeedMeter, JoinsIntervalsThatAreTooShort) {
  SpeedMeter meter("train", 0);
  meter.resume();
  for (int i = 0; i < 10; ++i) {
    meter.add(1, 1000.0);
    meter.resume();
  }
  EXPECT_EQ(meter.result().n, 0);
}

}  // namespace
}  // namespace assay
