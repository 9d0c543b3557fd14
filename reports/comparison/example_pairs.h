// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "reports/gather.h"
#include "reports/report.h"

namespace assay {

/// What two groups of trainings make of the same examples, one by one. The difference of an example
/// is right − left, of the means over each side's trainings. It tells these trainings apart, not
/// new ones: examples are no seeds.
struct ExamplePairs {
  std::int64_t examples = 0;
  std::int64_t left_runs = 0, right_runs = 0;
  Estimate difference;  ///< mean over examples and its 95 % interval (Student's t)
  double lower = 0.0;   ///< share of the examples at which right lies below left
};

/// By the scores of single examples that runs keep of their last evaluation (artifact
/// "examples_<metric>", harness/example_scores.h). Nothing where a run of either side has none, or
/// not as many finite ones as the others.
std::optional<ExamplePairs> pair_examples(std::span<const FoundRun> left,
                                          std::span<const FoundRun> right,
                                          const std::string& metric);

/// "evaluation evidence, not seeds: of the same 1,000 examples right has the lower score at 61 %,
/// −0.84 [−0.95, −0.73] an example (2 and 2 trainings)".
std::string example_pairs_text(const ExamplePairs& pairs, const std::string& right);

}  // namespace assay
