// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

/// A family on settings small enough to train in seconds.
struct SmallFamily {
  std::string label;
  std::string toml;
  std::vector<std::int64_t> example_shape;
  std::int64_t classes = 0;
};

}  // namespace assay
