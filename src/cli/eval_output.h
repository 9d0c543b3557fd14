// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "core/events.h"

namespace assay {

/// What an evaluation found, for a person or a program.
struct EvalResult {
  std::vector<MetricValue> values;  ///< under the names they are shown by
  std::vector<std::string> notes;   ///< what was left out, and where few examples make scores lie
  std::int64_t n_generated = 0, n_reference = 0;  ///< rows of each side; 0: not read
  std::int64_t dimensions = 0;                    ///< of the features; 0 if there are none
  std::string extractor;                          ///< "extractor fmnist-cnn", "given features", …
};

/// Adds a plain sentence for each kind of score that so few examples make lie.
void add_sample_notes(EvalResult& result);

Json to_json(const EvalResult& result);
void print_table(const EvalResult& result);

}  // namespace assay
