// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reports/claim_evidence.h"
#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// What a claim is tested as: left, multiplied by the factor where it is to be lower, lies beyond
/// right + null; right is multiplied where left is to be higher. null is −margin or margin.
struct Contrast {
  std::vector<double> left;
  std::vector<double> right;
  double null = 0.0;
  Alternative claimed = Alternative::kLess;
  Alternative opposite = Alternative::kGreater;
  bool computed = false;  ///< with a factor or a margin, so that rounding can break ties
};
Contrast contrast_of(const ClaimEvidence& evidence);

/// left_i − right_i − null. Of a computed contrast what lies within 8 ε (|left_i| + |right_i| +
/// |null|) of 0 is 0: in doubles 0.8 − 0.5 − 0.3 = 5.6e-17, and a sign test would count that.
/// Without factor and margin the last bit counts. Seeds that were
/// lost lie infinitely far from others, and are equal to one another. Both sides have the same
/// seeds.
std::vector<double> differences(const Contrast& contrast, double null);

/// left_i − null; by the same rule what is as good as equal to a value of right is that value.
std::vector<double> shifted_left(const Contrast& contrast);

}  // namespace assay
