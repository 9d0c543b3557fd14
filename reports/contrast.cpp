// SPDX-License-Identifier: Apache-2.0
#include "reports/contrast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/metric_kind.h"

namespace assay {
namespace {

std::vector<double> scaled(const ClaimSide& side, double factor) {
  std::vector<double> values;
  for (const ClaimValue& value : side.values) values.push_back(factor * value.value);
  return values;
}

// left − right − null, where what rounding leaves of 0 is 0.
double difference(double left, double right, double null, bool computed) {
  // A seed that was lost ranks worst; two of them are equal.
  if (std::isinf(left) || std::isinf(right)) return left == right ? 0.0 : left - right;
  const double found = left - right - null;
  const double rounding = 8.0 * std::numeric_limits<double>::epsilon() *
                          (std::abs(left) + std::abs(right) + std::abs(null));
  return computed && std::abs(found) <= rounding ? 0.0 : found;
}

}  // namespace

Contrast contrast_of(const ClaimEvidence& evidence) {
  const Claim& claim = evidence.claim;
  const bool computed = claim.factor != 1.0 || claim.margin != 0.0;
  if (claim.direction == Better::kLower) {
    return {scaled(evidence.left, claim.factor),
            scaled(evidence.right, 1.0),
            -claim.margin,
            Alternative::kLess,
            Alternative::kGreater,
            computed};
  }
  return {scaled(evidence.left, 1.0),
          scaled(evidence.right, claim.factor),
          claim.margin,
          Alternative::kGreater,
          Alternative::kLess,
          computed};
}

std::vector<double> differences(const Contrast& contrast, double null) {
  std::vector<double> values;
  for (std::size_t i = 0; i < contrast.left.size(); ++i) {
    values.push_back(difference(contrast.left[i], contrast.right[i], null, contrast.computed));
  }
  return values;
}

std::vector<double> shifted_left(const Contrast& contrast) {
  std::vector<double> values;
  for (const double left : contrast.left) {
    const auto equal = std::ranges::find_if(contrast.right, [&](double right) {
      return difference(left, right, contrast.null, contrast.computed) == 0.0;
    });
    values.push_back(equal != contrast.right.end() ? *equal : left - contrast.null);
  }
  return values;
}

}  // namespace assay
