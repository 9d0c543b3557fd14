// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/random.h"

namespace assay {

inline std::vector<float> drawn(std::int64_t count, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Every number within `tolerance` of the largest exact one. A NaN is not.
inline void expect_close(const std::vector<float>& found, const std::vector<double>& exact,
                         double tolerance) {
  ASSERT_EQ(found.size(), exact.size());
  double largest = 0.0;
  for (const double value : exact) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < exact.size(); ++i) {
    ASSERT_NEAR(found[i], exact[i], tolerance * largest) << "number " << i;
  }
}

}  // namespace assay
