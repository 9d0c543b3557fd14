// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "reports/statistics/hypothesis_test.h"

namespace assay::test {

inline constexpr std::pair<const char*, Alternative> kAlternatives[] = {
    {"less", Alternative::kLess},
    {"greater", Alternative::kGreater},
    {"two-sided", Alternative::kTwoSided}};

/// Values of scipy and statsmodels, tests/oracle/NAME: the script beside it says how each was made.
inline nlohmann::json read_oracle(const std::string& name) {
  return nlohmann::json::parse(
      std::ifstream(std::string(ASSAY_SOURCE_DIR) + "/tests/oracle/" + name));
}

}  // namespace assay::test
