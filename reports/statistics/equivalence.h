// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

namespace assay {

/// Schuirmann's (1987) two one-sided tests that means differ by less than `margin` > 0 either way:
/// the larger of both p. Small p shows that they are the same within the margin, which a large p of
/// a test of difference never does. Two samples (Welch's test), paired differences or one sample
/// against a value (Student's). Nothing where the test does not exist: fewer than two values a
/// side, or none that differs from its side's mean.
std::optional<double> equivalence_p(std::span<const double> left, std::span<const double> right,
                                    double margin);
std::optional<double> paired_equivalence_p(std::span<const double> differences, double margin);

}  // namespace assay
