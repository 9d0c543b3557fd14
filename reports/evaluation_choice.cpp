// SPDX-License-Identifier: Apache-2.0
#include "reports/evaluation_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace assay {
namespace {

// Of a trained model.
std::vector<double> evaluations_of(const SeedRecords& records) {
  std::vector<double> values;
  for (const auto& [images, value] : records) {
    if (images > 0) values.push_back(value);
  }
  return values;
}

double mean_of_last(const std::vector<double>& values) {
  const auto first = values.end() - static_cast<std::ptrdiff_t>(kAveragedEvaluations);
  return std::accumulate(first, values.end(), 0.0) / static_cast<double>(kAveragedEvaluations);
}

}  // namespace

const std::string_view kChoiceHint =
    "The last evaluation is the result. Beside it what the same runs would give if each seed's "
    "last ten evaluations were averaged, and if each seed's best one were chosen after looking, "
    "which flatters: it is nobody's result.";

EvaluationChoice evaluation_choice(std::span<const SeedRecords> seeds) {
  std::vector<double> averaged, lowest, highest;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const SeedRecords& records : seeds) {
    std::vector<double> values = evaluations_of(records);
    fewest = std::min(fewest, values.size());
    if (fewest < kAveragedEvaluations) return {};
    averaged.push_back(mean_of_last(values));
    std::erase_if(values, [](double value) { return !std::isfinite(value); });
    if (values.empty()) values = {std::nan("")};
    const auto [low, high] = std::ranges::minmax(values);
    lowest.push_back(low);
    highest.push_back(high);
  }
  if (seeds.empty()) return {};
  return {static_cast<std::int64_t>(fewest), summarise(averaged), summarise(lowest),
          summarise(highest)};
}

const SeedSummary* best_evaluation(const EvaluationChoice& choice, std::optional<Better> better) {
  if (!better || choice.evaluations == 0) return nullptr;
  return *better == Better::kLower ? &choice.lowest : &choice.highest;
}

std::vector<ChosenRow> chosen_rows(const Report& report) {
  std::vector<ChosenRow> rows;
  for (const auto& experiment : report.experiments) {
    for (const auto& metric : experiment.metrics) {
      const auto* best = best_evaluation(metric.choice, report.columns[metric.column].better);
      if (best != nullptr) rows.push_back({&experiment, &metric, best});
    }
  }
  return rows;
}

}  // namespace assay
