// SPDX-License-Identifier: Apache-2.0
#include "metrics/metric.h"

namespace assay {

bool is_of_features(Needs needs) {
  return needs == Needs::kFeatures || needs == Needs::kHeldOut || needs == Needs::kLogits ||
         needs == Needs::kSpatialFeatures || needs == Needs::kLabelled || needs == Needs::kPaths;
}

bool is_of_files(Needs needs) {
  return (is_of_features(needs) && needs != Needs::kPaths) || needs == Needs::kLabelledImages ||
         is_of_codes(needs);
}

bool is_of_codes(Needs needs) {
  return needs == Needs::kCodeMeans || needs_factors(needs) || needs_posteriors(needs);
}

bool needs_factors(Needs needs) {
  return needs == Needs::kCodes || needs == Needs::kPosteriorsAndFactors;
}

bool needs_posteriors(Needs needs) {
  return needs == Needs::kPosteriors || needs == Needs::kPosteriorsAndFactors;
}

}  // namespace assay
