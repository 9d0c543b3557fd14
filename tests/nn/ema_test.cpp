// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/ema.h"

#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>

namespace assay {
namespace {

TEST(Ema, RampStartsAtATenthAndEndsAtTheDecay) {
  EXPECT_DOUBLE_EQ(ema_decay({.decay = 0.998, .ramp = true}, 0), 0.1);
  // The VAE recipe's last step, 1,200: 1201/1210 = .9926, below its .995.
  EXPECT_NEAR(ema_decay({.decay = 0.995, .ramp = true}, 1200), 0.9926, 5e-5);
  EXPECT_DOUBLE_EQ(ema_decay({.decay = 0.995, .ramp = true}, 100000), 0.995);
  EXPECT_DOUBLE_EQ(ema_decay({.decay = 0.995, .ramp = false}, 0), 0.995);
}

TEST(Ema, AWeightCountsHalfAfterTheHalfLife) {
  // Karras et al. 2022: 0.5^(512 / 500,000) a step, so a half after 500,000 / 512 steps.
  const EmaOptions edm = {.half_life_images = 500'000, .images_per_step = 512};
  EXPECT_NEAR(ema_decay(edm, 0), 0.9992904691232699, 1e-15);
  EXPECT_NEAR(std::pow(ema_decay(edm, 12'345), 500'000.0 / 512.0), 0.5, 1e-12);
}

TEST(Ema, RampedHalfLifeIsAtMostItsShareOfTheImagesSeen) {
  const EmaOptions edm = {.half_life_images = 500'000, .ramp_ratio = 0.05, .images_per_step = 512};
  EXPECT_EQ(ema_decay(edm, 0), 0.0) << "nothing has been seen";
  // 0.5^(512 / (0.05 · 512 k)) = 2^(−20 / k) after k steps, until 0.05 · 512 k > 500,000.
  EXPECT_NEAR(ema_decay(edm, 1), 9.5367431640625e-7, 1e-20);
  EXPECT_NEAR(ema_decay(edm, 20), 0.5, 1e-15);
  EXPECT_NEAR(ema_decay(edm, 19'531), std::exp2(-20.0 / 19'531.0), 1e-15);
  EXPECT_NEAR(ema_decay(edm, 19'532), 0.9992904691232699, 1e-15);
}

TEST(Ema, FollowsTheHalfLifeOverSeveralSteps) {
  torch::nn::Linear live(1, 1), shadow(1, 1);
  Ema ema(*shadow, *live, {.half_life_images = 20, .ramp_ratio = 0.5, .images_per_step = 10});
  // Live weights 1, 2, 3, 4, 5, 6 and decays 0, 2^-2, 2^-1, 2^(−2/3), then 2^(−1/2) of the whole
  // half-life: half of 40 images seen is 20.
  const double decays[] = {0.0, 0.25, 0.5, std::exp2(-2.0 / 3.0), std::sqrt(0.5), std::sqrt(0.5)};
  double expected = shadow->weight.item<double>();
  for (std::int64_t step = 0; step < 6; ++step) {
    const torch::NoGradGuard no_grad;
    live->weight.fill_(static_cast<double>(step + 1));
    ema.update(step);
    const double decay = decays[step];
    expected = decay * expected + (1.0 - decay) * static_cast<double>(step + 1);
    EXPECT_NEAR(shadow->weight.item<double>(), expected, 1e-6) << step;
  }
}

TEST(Ema, AveragesParametersAndStatisticsAndCopiesCounters) {
  torch::nn::BatchNorm1d live(1), shadow(1);
  Ema ema(*shadow, *live, {.decay = 0.75, .ramp = false});
  {
    const torch::NoGradGuard no_grad;
    live->weight.fill_(5.0);
    live->running_mean.fill_(8.0);
    live->num_batches_tracked.fill_(7);
  }
  ema.update(0);
  EXPECT_FLOAT_EQ(shadow->weight.item<float>(), 0.75f * 1.0f + 0.25f * 5.0f);
  EXPECT_FLOAT_EQ(shadow->running_mean.item<float>(), 2.0f);
  EXPECT_EQ(shadow->num_batches_tracked.item<std::int64_t>(), 7);
  ema.update(1);
  EXPECT_FLOAT_EQ(shadow->running_mean.item<float>(), 0.75f * 2.0f + 0.25f * 8.0f);
}

TEST(Ema, StartsAsAFrozenCopyInEvalMode) {
  torch::nn::Linear live(3, 2), shadow(3, 2);
  Ema ema(*shadow, *live, {.decay = 0.9, .ramp = true});
  EXPECT_TRUE(torch::equal(live->weight, shadow->weight));
  EXPECT_FALSE(shadow->weight.requires_grad());
  EXPECT_FALSE(shadow->is_training());
}

}  // namespace
}  // namespace assay
