// SPDX-License-Identifier: Apache-2.0
#include "harness/speed.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

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

// A phase that is fast at first and slow at last: every part of it counts.
TEST(SpeedMeter, CountsTheWholeOfALongPhase) {
  SpeedMeter meter("train", 0);
  meter.restore({std::vector<double>(999, 100.0), 1});
  const auto once = [&] {
    meter.resume();
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    meter.add(1);
  };
  once();
  EXPECT_EQ(meter.intervals().span, 2);
  ASSERT_EQ(meter.result().n, 500);
  EXPECT_NEAR(meter.intervals().rates.front(), 100.0, 1e-9);
  once();
  EXPECT_EQ(meter.result().n, 500) << "half an interval";
  once();
  EXPECT_EQ(meter.result().n, 501);
  EXPECT_NEAR(meter.result().images_per_second, 100.0, 1e-9);
  // Of equally many images at 30 and at 60 a second: 40.
  SpeedMeter mixed("train", 0);
  std::vector<double> rates(998, 30.0);
  rates[1] = 60.0;
  rates.push_back(30.0);
  mixed.restore({rates, 1});
  mixed.resume();
  mixed.add(1);
  EXPECT_NEAR(mixed.intervals().rates.front(), 40.0, 1e-9);
}

// A step in ten that lasts a hundred times as long stands in no median.
TEST(SpeedMeter, SumsTheSecondsOfAllThatRan) {
  using std::chrono::milliseconds;
  SpeedMeter meter("train", 3);
  meter.restore({{}, 1, 40.0});
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    meter.resume();
    std::this_thread::sleep_for(milliseconds(i == 9 ? 60 : 1));
    meter.add(1);
  }
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - began;
  EXPECT_GE(meter.intervals().seconds, 40.0 + 0.069);
  EXPECT_LE(meter.intervals().seconds, 40.0 + all.count());
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
