// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "metrics/metric.h"
#include "reports/metric_columns.h"

namespace assay {
namespace {

// reports/ sees no metric's code and keeps a table of its own: this room sees both.
TEST(MetricDirections, OfReportsAreThoseOfTheMetricsThemselves) {
  int known = 0;
  for (const Metric& metric : metrics()) {
    const Direction direction = direction_of(metric.name);
    if (direction == Direction::kUnknown) continue;
    ++known;
    EXPECT_EQ(direction, metric.better == Better::kLower ? Direction::kLower : Direction::kHigher)
        << metric.name;
  }
  // The names of that table but `fid`, which is fd on Inception-v3: none is misspelt.
  EXPECT_EQ(known, 21);
}

}  // namespace
}  // namespace assay
