// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/ema.h"

#include <gtest/gtest.h>
#include <torch/nn.h>

namespace assay {
namespace {

TEST(Ema, RampStartsAtATenthAndEndsAtTheDecay) {
  EXPECT_DOUBLE_EQ(ema_decay({.decay = 0.998, .ramp = true}, 0), 0.1);
  // The VAE recipe's last step, 1,200: 1201/1210 = .9926, below its .995.
  EXPECT_NEAR(ema_decay({.decay = 0.995, .ramp = true}, 1200), 0.9926, 5e-5);
  EXPECT_DOUBLE_EQ(ema_decay({.decay = 0.995, .ramp = true}, 100000), 0.995);
  EXPECT_DOUBLE_EQ(ema_decay({.decay = 0.995, .ramp = false}, 0), 0.995);
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
