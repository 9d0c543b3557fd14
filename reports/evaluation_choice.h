// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "reports/curves.h"
#include "reports/report.h"

namespace assay {

/// So many evaluations are averaged, and so many a seed must have for that.
inline constexpr std::size_t kAveragedEvaluations = 10;

/// The other numbers that one may take from the same runs, each seed's by itself: the mean of its
/// last ten evaluations, its lowest and its highest one. Evaluations at 0 images are none. Empty
/// (n = 0) unless every seed has at least ten.
EvaluationChoice evaluation_choice(std::span<const SeedRecords> seeds);

/// The best evaluation of each seed, chosen after the fact: none where nobody knows the direction.
const SeedSummary* best_evaluation(const EvaluationChoice& choice, std::optional<Better> better);

/// One line of the table "Last, averaged, best".
struct ChosenRow {
  const ExperimentSummary* experiment = nullptr;
  const MetricSummary* metric = nullptr;
  const SeedSummary* best = nullptr;
};
/// By experiment, then column.
std::vector<ChosenRow> chosen_rows(const Report& report);

/// What the columns of that table are.
extern const std::string_view kChoiceHint;

}  // namespace assay
