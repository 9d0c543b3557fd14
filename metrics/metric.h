// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"

namespace assay {

enum class Better { kLower, kHigher };

/// What a metric needs the evaluator to draw.
enum class Needs { kFeatures, kLogits, kReconstructions, kElbo, kPoints, kClassification };

/// Tensors that the evaluator drew; a metric sees these and never a model. Fields a metric does not
/// need may be undefined. All on the CPU.
struct MetricInputs {
  at::Tensor generated_features;  ///< [N,D] f32
  at::Tensor reference_features;  ///< [M,D] f32
  at::Tensor generated_logits;    ///< [N,K] f32, of the extractor's classifier
  at::Tensor originals;           ///< [N,C,H,W] u8: reconstruction pairs, after to_pixels
  at::Tensor reconstructions;     ///< [N,C,H,W] u8
  at::Tensor elbo_nats;           ///< [N] evidence lower bound per image
  at::Tensor points;              ///< [N,2] generated points
  at::Tensor mode_centres;        ///< [M,2] f64
  double mode_sigma = 0.0;
  at::Tensor class_logits;   ///< [N,K] of the model under test, for accuracy
  at::Tensor class_labels;   ///< [N] i64
  std::int64_t k = 3;        ///< neighbours of precision and recall
  std::int64_t splits = 10;  ///< parts of the Inception Score
  Protocol protocol;  ///< what all metrics of this evaluation share; each adds its own fields
};

/// A score: lower or higher is better, one or more values under one protocol (fd; precision; …).
struct Metric {
  std::string_view name;
  std::string_view paper;
  Better better;
  Needs needs;
  std::string_view meaning;  ///< one line with formula and unit
  MetricValue (*compute)(const MetricInputs&);
};

/// The complete list: fd, precision, recall, inception_score, reconstruction_mse, elbo,
/// modes_covered, high_quality_share, reverse_kl, accuracy.
const std::vector<Metric>& metrics();

/// Throws Error with the near miss for an unknown name.
const Metric& metric(std::string_view name);

}  // namespace assay
