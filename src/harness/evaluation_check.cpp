// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluation_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "metrics/extractors/extractor.h"
#include "metrics/options.h"

namespace assay {

bool is_of_features(Needs needs) {
  return needs == Needs::kFeatures || needs == Needs::kHeldOut || needs == Needs::kLogits ||
         needs == Needs::kSpatialFeatures || needs == Needs::kLabelled;
}

void check_evaluation(const Definition& definition) {
  parse_metric_options(definition.texts("eval.options"));
  bool needs_features = false;
  for (const auto& name : definition.texts("eval.metrics")) {
    const Needs needs = metric(name).needs;
    needs_features = needs_features || is_of_features(needs);
    if (needs == Needs::kHeldOut && definition.text("eval.reference_split") != "train") {
      throw Error(fmt::format(
          "eval.metrics: {} compares with training and held-out data; set eval.reference_split = "
          "'train', and the test split is held out",
          name));
    }
    if (needs == Needs::kCodes || needs == Needs::kPaths) {
      throw Error(
          fmt::format("eval.metrics: {} needs {}, which no family and data set here has yet", name,
                      needs == Needs::kCodes ? "codes and the factors behind the images"
                                             : "paths through a latent space"));
    }
    const bool conditional =
        definition.has("model.conditional") && definition.boolean("model.conditional");
    const bool labelled = needs == Needs::kLabelled || needs == Needs::kLabelledImages;
    if (labelled && !conditional) {
      throw Error(
          fmt::format("eval.metrics: {} needs a class for each sample; take a family with the key "
                      "model.conditional and set it to true",
                      name));
    }
  }
  if (!needs_features) return;
  const auto& wanted = definition.text("eval.extractor");
  const auto& known = extractors();
  if (std::none_of(known.begin(), known.end(),
                   [&](const auto& one) { return one.name == wanted; })) {
    make_extractor(wanted);  // throws with the near miss
  }
}

}  // namespace assay
