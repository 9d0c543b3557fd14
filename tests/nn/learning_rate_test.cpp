// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/learning_rate.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(LearningRate, WarmsUpLinearlyAndReachesThePeakAtTheLastWarmUpStep) {
  EXPECT_DOUBLE_EQ(warm_up_factor(0, 4), 0.25);
  EXPECT_DOUBLE_EQ(warm_up_factor(2, 4), 0.75);
  EXPECT_DOUBLE_EQ(warm_up_factor(3, 4), 1.0);
  EXPECT_DOUBLE_EQ(warm_up_factor(0, 0), 1.0);
}

TEST(LearningRate, LinearDecayIsFlatUntilItBeginsAndEndsAtItsFraction) {
  EXPECT_DOUBLE_EQ(linear_decay_factor(0.5, 0.5, 0.1), 1.0);
  // Half of the decay done: 1 − 0.9/2.
  EXPECT_DOUBLE_EQ(linear_decay_factor(0.75, 0.5, 0.1), 0.55);
  EXPECT_DOUBLE_EQ(linear_decay_factor(1.0, 0.5, 0.1), 0.1);
  EXPECT_DOUBLE_EQ(linear_decay_factor(1.0, 1.0, 0.1), 1.0);
}

TEST(LearningRate, CosineDecayPassesItsQuarterPoints) {
  EXPECT_DOUBLE_EQ(cosine_decay_factor(0.0, 0.0, 0.01), 1.0);
  // cos(π/3) = 1/2, so the share 1/3 leaves 0.01 + 0.99 · 3/4.
  EXPECT_NEAR(cosine_decay_factor(1.0 / 3.0, 0.0, 0.01), 0.7525, 1e-12);
  EXPECT_NEAR(cosine_decay_factor(0.5, 0.0, 0.01), 0.505, 1e-12);
  EXPECT_NEAR(cosine_decay_factor(1.0, 0.0, 0.01), 0.01, 1e-12);
}

TEST(LearningRate, OneCyclePassesTheKnotsOfTorchsOneCycleLr) {
  // torch: initial = max/25, phases end at 0.3 · total − 1 and total − 1, min = initial / 1e4.
  EXPECT_NEAR(one_cycle_factor(0, 100), 0.04, 1e-12);
  EXPECT_NEAR(one_cycle_factor(29, 100), 1.0, 1e-12);
  EXPECT_NEAR(one_cycle_factor(99, 100), 4e-6, 1e-12);
  // Middle of the descent, (29 + 99)/2: the mean of its ends.
  EXPECT_NEAR(one_cycle_factor(64, 100), 0.5 * (1.0 + 4e-6), 1e-12);
}

TEST(LearningRate, OneCycleIsDefinedForRunsOfAFewSteps) {
  for (std::int64_t total = 1; total < 12; ++total) {
    for (std::int64_t step = 0; step < total; ++step) {
      EXPECT_GT(one_cycle_factor(step, total), 0.0) << step << " of " << total;
      EXPECT_LE(one_cycle_factor(step, total), 1.0) << step << " of " << total;
    }
  }
}

TEST(LearningRate, IsTheProductOfPeakWarmUpAndDecay) {
  const LearningRateOptions options{.schedule = LearningRateSchedule::kLinear,
                                    .peak = 2e-3,
                                    .warm_up_steps = 100,
                                    .decay_from = 0.0,
                                    .final_fraction = 0.05};
  // Step 49 of 1,000: 2e-3 · 50/100 · (1 − 0.95 · 0.049).
  EXPECT_NEAR(learning_rate(options, 49, 1000), 2e-3 * 0.5 * 0.95345, 1e-15);
}

}  // namespace
}  // namespace assay
