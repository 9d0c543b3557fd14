// SPDX-License-Identifier: Apache-2.0
#include "harness/score_protocol.h"

#include <fmt/format.h>

#include "data/binarisation.h"
#include "families/registry.h"
#include "harness/code_inputs.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

// What the scores of bounds and of codes are of.
void add_inference(const Metric& metric, const Definition& definition, Protocol& protocol) {
  const Capabilities can = capabilities_of(definition);
  // Densities and probabilities are in different units.
  if (metric.needs.any_of({Part::kElbo, Part::kLogWeights})) {
    protocol["likelihood"] = can.likelihood;
  }
  // log p(x|y) is another quantity than log p(x).
  if (metric.needs.any_of({Part::kElbo, Part::kLogWeights, Part::kDensities}) && can.conditional) {
    protocol["conditioning"] = "labels";
  }
  if (metric.needs.any_of({Part::kElbo, Part::kLogWeights, Part::kDensities}) && can.attributes) {
    protocol["conditioning"] = "attributes";
  }
  if (metric.needs.has(Part::kLogWeights)) {
    protocol["importance_samples"] = std::to_string(definition.integer("eval.importance_samples"));
  }
  if (metric.needs.has(Part::kPosteriors)) {
    protocol["representation"] = "posterior";
  } else if (metric.needs.has(Part::kFactors)) {
    protocol["representation"] = can.encoding == Encoding::kPoints ? "code" : "posterior mean";
  }
}

}  // namespace

std::string convolution_of_scores(const Definition& definition, const Dataset& dataset,
                                  torch::Device device) {
  if (!device.is_cpu() || dataset.is_points()) return {};
  const std::string& convolution = definition.text("train.convolution");
  return convolution == "exact" ? std::string() : convolution;
}

Protocol score_protocol(const Metric& metric, const ScoreSource& source) {
  const auto& [definition, dataset, reference_digest, extractor, device, evaluations] = source;
  const std::string& split = definition.text("eval.reference_split");
  Protocol protocol = {{"weights", scored_weights(definition)}};
  if (names_reference(metric)) {
    protocol["reference"] = fmt::format("{}:{}", dataset.name, split);
    protocol["reference_digest"] = reference_digest;
  }
  if (metric.needs.any_of(kOfExtractor)) {
    protocol.merge(extractor != nullptr ? extractor->protocol()
                                        : Protocol{{"extractor", "points"}});
  }
  // A sample costs the same either way; LibTorch's derivatives of gradients take more products.
  const auto convolution = convolution_of_scores(definition, dataset, device);
  if (!convolution.empty() && !metric.needs.has(Part::kSamplingCost))
    protocol["convolution"] = convolution;
  add_inference(metric, definition, protocol);
  if (metric.needs.has(Part::kHeldOut)) protocol["held_out_digest"] = dataset.test.digest;
  if (metric.needs.any_of(kSamples) || metric.needs.has(Part::kPaths)) {
    protocol.merge(sampling_protocol(definition, dataset.train.size()));
    // Of an adaptive solver the tolerance is the setting; its counts differ from sample to sample.
    auto& stated = protocol["network_evaluations"];
    if (evaluations && stated != "adaptive") stated = fmt::format("{:g}", *evaluations);
    const std::int64_t of_all = definition.integer("eval.sample_seed");
    if (of_all >= 0) protocol["sample_seed"] = std::to_string(of_all);
  }
  if (metric.needs.has(Part::kSampleLabels)) {
    protocol["generated_labels"] = "classes in turn";
  }
  if (metric.needs.has(Part::kAttributes)) {
    protocol["generated_attributes"] = "the grid's combinations in a fixed order";
  }
  // Features are of what the frame holds; all else is of the frame too.
  const std::int64_t padding = definition.integer("dataset.padding");
  if (padding > 0 && !metric.needs.any_of(kOfExtractor))
    protocol["padding"] = std::to_string(padding);
  if (dataset.binarisation != Binarisation::kNone) {
    protocol["binarisation"] = binarisation_protocol(dataset.binarisation);
  }
  add_code_protocol(definition, metric.needs, protocol);
  return protocol;
}

}  // namespace assay
