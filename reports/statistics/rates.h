// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// So many of n trainings, e.g. those that collapsed.
struct Count {
  std::int64_t of = 0;
  std::int64_t n = 0;
};

/// Wilson's (1927) score interval of a rate:
///   (p̂ + z²/2n ± z √(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n), z = Φ⁻¹(1 − alpha).
/// Unlike p̂ ± z·se it is never empty at 0 of n. n >= 1.
Estimate rate_estimate(const Count& count, double alpha);

/// Fisher's (1935) exact test that two rates are equal: given the margins left.of is
/// hypergeometric. Two-sided: all tables that are at most as likely.
TestResult rate_test(const Count& left, const Count& right, Alternative alternative);

}  // namespace assay
