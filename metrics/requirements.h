// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metric.h"

namespace assay {

/// The least that a metric can be computed of. Of codes and reconstructions, `reference` counts the
/// real images that they are made of. 0 and false: nothing of that kind.
struct Requirements {
  std::int64_t generated = 0, reference = 0, held_out = 0, training = 0;  ///< rows
  std::int64_t side = 0;               ///< pixels of an image's smaller side
  std::int64_t codes = 0;              ///< numbers in a code
  std::int64_t factors = 0;            ///< factors behind the images, each of two values or more
  std::int64_t rows_of_value = 0;      ///< that show a value of a factor, of each that occurs
  std::int64_t rows_of_class = 0;      ///< of every class, generated as well as of the reference
  std::int64_t generated_classes = 0;  ///< different ones
  bool images = false, points = false;
  bool labels = false;           ///< a class of each reference row
  bool training_labels = false;  ///< and of each training row
  bool logits = false, spatial = false;
  bool more_rows_than_codes = false;
  bool trained_on = false;  ///< the reference is what the model was trained on
  /// What a number of rows follows from, as "eval.neighbours = 3"; may be empty.
  std::string because = {};
};

/// How many rows each class has, or each value of a factor.
using RowsOfEach = std::map<std::int64_t, std::int64_t>;

/// What an evaluation will have; what is not known yet refuses nothing.
struct EvaluationSizes {
  std::optional<std::int64_t> generated, reference, held_out, training;  ///< rows
  std::optional<std::vector<std::int64_t>> example_shape;  ///< {C,H,W}, or {2}: points
  std::optional<std::int64_t> codes;                       ///< numbers in a code
  std::optional<std::vector<RowsOfEach>> factors;
  std::optional<RowsOfEach> generated_classes, reference_classes;  ///< empty: no labels
  std::optional<bool> training_labels;
  std::optional<bool> logits, spatial;  ///< whether the extractor gives them
};

/// What a metric needs under the options, neighbours and peer's conventions of `settings`, whose
/// tensors are not looked at. Throws Error for an option that is no whole number where one is
/// meant, and for options that exclude one another.
Requirements requirements_of(const Metric& metric, const MetricInputs& settings);

/// Throws Error naming the metric, what it needs and what there is, if `sizes` fall short.
void check_requirements(const Metric& metric, const MetricInputs& settings,
                        const EvaluationSizes& sizes);

/// The sizes of inputs that are there already, as a metric of these needs sees them.
EvaluationSizes sizes_of(const MetricInputs& inputs, Parts needs);

/// How many rows each value of labels [N] i64 has.
RowsOfEach rows_of_each(const at::Tensor& labels);

/// Whether it compares with real examples, so that its protocol names them.
bool names_reference(const Metric& metric);

}  // namespace assay
