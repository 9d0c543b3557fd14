// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace assay {

/// A numeric axis with ticks at round numbers: 1, 2 or 5 times a power of ten, or the powers
/// themselves on a log axis.
struct Axis {
  double low = 0.0;
  double high = 1.0;
  bool log = false;
  std::vector<double> ticks = {};

  /// 0 at `low`, 1 at `high`.
  double position(double value) const;
};

/// Covers [low, high] with about `intervals` steps, both ends at ticks.
Axis linear_axis(double low, double high, int intervals);
/// Covers [low, high], low > 0. Over less than a decade its ticks are those of a linear axis.
Axis log_axis(double low, double high);

/// The label of a tick: no more digits than its axis needs.
std::string tick_text(double value);

}  // namespace assay
