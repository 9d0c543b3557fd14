// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluation_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "data/dataset.h"
#include "families/registry.h"
#include "harness/code_inputs.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"
#include "metrics/options.h"

namespace assay {
namespace {

void check_codes(const Definition& definition, const Metric& metric) {
  const Encoding encoding = encoding_of(definition);
  if (encoding == Encoding::kNone) {
    throw Error(
        fmt::format("eval.metrics: {} is of codes, and family '{}' has no encoder; take one "
                    "of the autoencoders, or drop it",
                    metric.name, definition.family));
  }
  if (needs_posteriors(metric.needs) && encoding == Encoding::kPoints) {
    throw Error(
        fmt::format("eval.metrics: {} is of posteriors q(z|x), and the codes of family '{}' "
                    "are points as it is set up here; take family 'vae' with Gaussian "
                    "posteriors, or drop it",
                    metric.name, definition.family));
  }
  if (!needs_factors(metric.needs)) return;
  const auto& name = definition.text("dataset.name");
  std::string known;
  for (const auto& source : datasets()) {
    const bool factors = !source.factors().empty();
    // A name that is not in the list is complained of elsewhere.
    if (source.name == name && factors) return;
    if (factors) known += fmt::format("{}{}", known.empty() ? "" : ", ", source.name);
  }
  throw Error(
      fmt::format("eval.metrics: {} needs the factors behind the images, which data set "
                  "'{}' does not know; those that do: {}",
                  metric.name, name, known));
}

void check_metric(const Definition& definition, const Metric& metric) {
  if (metric.needs == Needs::kHeldOut && definition.text("eval.reference_split") != "train") {
    throw Error(fmt::format(
        "eval.metrics: {} compares with training and held-out data; set eval.reference_split = "
        "'train', and the test split is held out",
        metric.name));
  }
  if (metric.needs == Needs::kPaths && !family(definition.family).has_latents) {
    throw Error(
        fmt::format("eval.metrics: {} needs paths through a latent space that samples are decoded "
                    "from, and family '{}' has none; drop it",
                    metric.name, definition.family));
  }
  const bool of_encoder = metric.needs == Needs::kProbe || metric.needs == Needs::kQuantisedCodes ||
                          metric.needs == Needs::kJacobian;
  if (is_of_codes(metric.needs) || of_encoder) check_codes(definition, metric);
  if (metric.needs == Needs::kProbe && definition.text("eval.reference_split") != "test") {
    throw Error(
        fmt::format("eval.metrics: {} learns from training images and is scored on others; set "
                    "eval.reference_split = 'test'",
                    metric.name));
  }
  if (metric.needs == Needs::kNoisyReconstructions) check_noise(definition);
  const bool conditional =
      definition.has("model.conditional") && definition.boolean("model.conditional");
  const bool labelled = metric.needs == Needs::kLabelled || metric.needs == Needs::kLabelledImages;
  if (labelled && !conditional) {
    throw Error(
        fmt::format("eval.metrics: {} needs a class for each sample; take a family with the key "
                    "model.conditional and set it to true",
                    metric.name));
  }
}

}  // namespace

void check_evaluation(const Definition& definition) {
  parse_metric_options(definition.texts("eval.options"));
  bool needs_features = false;
  for (const auto& name : definition.texts("eval.metrics")) {
    check_metric(definition, metric(name));
    needs_features = needs_features || is_of_features(metric(name).needs);
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
