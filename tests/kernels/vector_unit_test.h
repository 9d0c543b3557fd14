// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// A test of the loops for one vector unit, skipped where the processor has none.
class VectorUnitTest : public testing::TestWithParam<VectorUnit> {
 protected:
  void SetUp() override {
    if (static_cast<int>(GetParam()) > static_cast<int>(vector_unit())) {
      GTEST_SKIP() << "this processor has no " << vector_unit_name(GetParam());
    }
  }
};

inline auto vector_units() { return testing::Values(VectorUnit::kAvx2, VectorUnit::kAvx512); }

inline std::string unit_name(const testing::TestParamInfo<VectorUnit>& unit) {
  return std::string(vector_unit_name(unit.param));
}

}  // namespace assay
