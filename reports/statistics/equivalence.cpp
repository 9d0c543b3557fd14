// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/equivalence.h"

#include <algorithm>

#include "reports/statistics/student.h"
#include "reports/statistics/welch.h"

namespace assay {

std::optional<double> equivalence_p(std::span<const double> left, std::span<const double> right,
                                    double margin) {
  if (left.size() < 2 || right.size() < 2) return std::nullopt;
  const auto above = welch_test(left, right, Alternative::kGreater, -margin);
  const auto below = welch_test(left, right, Alternative::kLess, margin);
  if (!above || !below) return std::nullopt;
  return std::max(above->p, below->p);
}

std::optional<double> paired_equivalence_p(std::span<const double> differences, double margin) {
  const auto above = t_test(differences, -margin, Alternative::kGreater);
  const auto below = t_test(differences, margin, Alternative::kLess);
  if (!above || !below) return std::nullopt;
  return std::max(above->p, below->p);
}

}  // namespace assay
