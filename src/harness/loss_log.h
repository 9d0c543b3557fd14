// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/events.h"
#include "families/trainable.h"

namespace assay {

/// One term of one training step, on the CPU.
struct LossValue {
  std::string name;
  double value = 0.0;
};

/// The values of a step's terms, in one transfer from their device.
std::vector<LossValue> loss_values(const std::vector<LossTerm>& terms);

/// Averages the loss terms of training steps over a stretch of images, in float64. A term that only
/// some steps report (a generator's loss when it is updated every fifth step) is averaged over
/// those.
class LossLog {
 public:
  /// Adds one step's terms. Returns the first term that is not finite, if any.
  std::optional<LossValue> add(const std::vector<LossValue>& values);
  /// Means since the last take, and starts afresh.
  Scalars take(std::int64_t images_seen);
  /// The open sums, for checkpoints.
  struct Sum {
    std::string name;
    double sum = 0.0;
    std::int64_t count = 0;
  };
  const std::vector<Sum>& sums() const { return sums_; }
  void restore(std::vector<Sum> sums) { sums_ = std::move(sums); }

 private:
  Sum& sum_of(const std::string& name);

  std::vector<Sum> sums_;
};

}  // namespace assay
