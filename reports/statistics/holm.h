// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace assay {

/// Holm's (1979) step-down correction for m tests: sorted p_(1) <= … <= p_(m) become
///   max_{j <= i} min(1, (m − j + 1) p_(j)),
/// returned in the order given. Rejecting what is at most alpha then errs anywhere with
/// probability at most alpha, however the tests depend on each other.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace assay
