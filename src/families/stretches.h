// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace assay {

/// Consecutive training steps that repeat what they compute: step s does what step s + cycle does.
struct Stretch {
  std::int64_t steps = 0, cycle = 1;
};

/// A model whose training steps are not all alike.
class UnevenTraining {
 public:
  virtual ~UnevenTraining() = default;
  /// What a training of so many steps consists of, from its first on. A cycle is counted from where
  /// its stretch begins.
  virtual std::vector<Stretch> stretches(std::int64_t total_steps) const = 0;
};

}  // namespace assay
