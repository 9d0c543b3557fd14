// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/eval/eval_source.h"
#include "core/events.h"
#include "metrics/metric.h"

namespace assay {

/// What was read of one side: whatever is missing here was not seen.
struct ReadInput {
  std::string role;  ///< "generated", "reference", "held-out"
  std::string text;  ///< "pics: 48 images of 6x6, grey, 12 classes"
  Json json;         ///< the same, by name
};
/// What an evaluation found, for a person or a program.
struct EvalResult {
  std::vector<MetricValue> values;  ///< under the names they are shown by
  std::vector<std::string> notes;   ///< what was left out, and where few examples make scores lie
  std::vector<std::string> warnings = {};  ///< notes that stderr says too where stdout is JSON
  std::vector<ReadInput> inputs;
  std::string generated_digest = {};              ///< SHA-256 of what was scored
  std::int64_t n_generated = 0, n_reference = 0;  ///< rows of each side; 0: not read
  std::int64_t dimensions = 0;                    ///< of the features; 0 if there are none
  std::string extractor;                          ///< "extractor fmnist-cnn", "given features", …
};

/// Adds what was read of a side, and a note for each array of it that could not be.
void add_input(EvalResult& result, const std::string& role, const EvalSource& source);

/// Adds a plain sentence for each kind of score that so few examples make lie.
void add_sample_notes(EvalResult& result);

/// Adds one where inception_score is of the order of rows (inception_score.h).
void add_order_note(EvalResult& result, const MetricInputs& inputs);

Json to_json(const EvalResult& result);
void print_table(const EvalResult& result);

}  // namespace assay
