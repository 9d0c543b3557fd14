// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <optional>
#include <string>

#include "config/definition.h"
#include "core/events.h"
#include "data/dataset.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"

namespace assay {

/// The convolutions that a model computes with, where they round more coarsely than LibTorch's: a
/// field of its scores' protocols. Empty elsewhere: on a GPU, and for points, which have none.
std::string convolution_of_scores(const Definition& definition, const Dataset& dataset,
                                  torch::Device device);

/// What scores that rest on samples read; paths draw latents of their own.
inline constexpr Parts kSamples{Part::kFeatures,     Part::kSpatialFeatures, Part::kLogits,
                                Part::kImages,       Part::kPoints,          Part::kEvaluations,
                                Part::kSamplingCost, Part::kAttributes};

/// What the scores of a run are of.
struct ScoreSource {
  const Definition& definition;
  const Dataset& dataset;
  const std::string& reference_digest;
  const Extractor* extractor;  ///< nullptr: points, which are their own features
  torch::Device device;
  /// How often each sample asked the network, as counted; nothing: as its sampler's settings say.
  std::optional<double> evaluations;
};

/// The fields of a score's protocol that do not depend on the metric's own estimator.
Protocol score_protocol(const Metric& metric, const ScoreSource& source);

}  // namespace assay
