// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

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

/// The scores of single examples that a side's trainings keep of their last evaluation.
struct ExampleMeans {
  std::int64_t runs = 0;
  std::vector<double> values = {};  ///< of each example the mean over trainings; empty: none kept
};
/// Read from the artifacts "examples_<metric>" (harness/example_scores.h). Empty where a run has
/// none, or not as many finite ones as the others.
ExampleMeans example_means(std::span<const FoundRun> runs, const std::string& metric);

/// Nothing where a side has no scores of single examples, or not as many as the other.
std::optional<ExamplePairs> pair_examples(const ExampleMeans& left, const ExampleMeans& right);

/// "evaluation evidence, not seeds: of the same 1,000 examples right has the lower score at 61 %,
/// −0.84 [−0.95, −0.73] an example (2 and 2 trainings)".
std::string example_pairs_text(const ExamplePairs& pairs, const std::string& right);

}  // namespace assay
