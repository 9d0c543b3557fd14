// SPDX-License-Identifier: Apache-2.0
#include "harness/loss_log.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace assay {
namespace {

LossValue term(const char* name, double value) { return {name, value}; }

TEST(LossLog, AveragesInDoublePrecisionAndStartsAfresh) {
  LossLog log;
  log.add({term("loss", 1.0), term("kl", 10.0)});
  log.add({term("loss", 2.0), term("kl", 30.0)});
  const Scalars scalars = log.take(128);
  EXPECT_EQ(scalars.images_seen, 128);
  ASSERT_EQ(scalars.values.size(), 2U);
  EXPECT_EQ(scalars.values[0], (std::pair<std::string, double>{"loss", 1.5}));
  EXPECT_EQ(scalars.values[1], (std::pair<std::string, double>{"kl", 20.0}));
  EXPECT_TRUE(log.take(128).values.empty());
  log.add({term("loss", 7.0), term("kl", 0.0)});
  EXPECT_EQ(log.take(256).values[0].second, 7.0);
}

TEST(LossLog, NamesTheFirstTermThatIsNotFinite) {
  LossLog log;
  EXPECT_FALSE(log.add({term("loss", 1.0), term("kl", 1.0)}));
  const auto problem = log.add({term("loss", 1.0), term("kl", INFINITY)});
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->name, "kl");
  EXPECT_EQ(problem->value, INFINITY);
  EXPECT_TRUE(std::isnan(log.add({term("loss", NAN), term("kl", 1.0)})->value));
}

TEST(LossLog, AveragesATermOverTheStepsThatReportIt) {
  LossLog log;
  log.add({term("critic", 1.0)});
  log.add({term("critic", 3.0), term("generator", 8.0)});
  const Scalars scalars = log.take(2);
  EXPECT_EQ(scalars.values[0].second, 2.0);
  EXPECT_EQ(scalars.values[1].second, 8.0);
}

TEST(LossLog, ContinuesFromRestoredSums) {
  LossLog whole, first, second;
  for (int i = 0; i < 4; ++i) whole.add({term("loss", i)});
  for (int i = 0; i < 2; ++i) first.add({term("loss", i)});
  second.restore(first.sums());
  for (int i = 2; i < 4; ++i) second.add({term("loss", i)});
  EXPECT_EQ(second.take(1).values, whole.take(1).values);
}

}  // namespace
}  // namespace assay
