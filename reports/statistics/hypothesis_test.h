// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace assay {

/// What a test would show: that left lies below right, above it, or on either side of it.
enum class Alternative { kLess, kGreater, kTwoSided };

struct TestResult {
  double statistic = 0.0;
  double p = 1.0;     ///< P(a statistic at least as extreme, if there is no difference)
  bool exact = true;  ///< false: p is a normal approximation
};

struct Interval {
  double low = 0.0;
  double high = 0.0;
  double confidence = 0.0;  ///< what it covers at least; tests of ranks reach only some values
};

/// A location and the interval of all locations that the test does not reject at level alpha on
/// either side: its confidence is at least 1 − 2 alpha.
struct Estimate {
  double value = 0.0;
  std::optional<Interval> interval = {};  ///< none where so few values reach no such confidence
};

}  // namespace assay
