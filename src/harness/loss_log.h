// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/events.h"
#include "families/trainable.h"

namespace assay {

/// Averages the loss terms of training steps over a stretch of images, in float64. A term that only
/// some steps report (a generator's loss when it is updated every fifth step) is averaged over
/// those.
class LossLog {
 public:
  struct NonFinite {
    std::string name;
    double value;
  };

  /// Adds one step's terms. Returns the first term that is not finite, if any.
  std::optional<NonFinite> add(const std::vector<LossTerm>& terms);
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
