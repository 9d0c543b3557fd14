// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/example_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "reports/number_text.h"
#include "reports/statistics/student.h"
#include "results/run_queries.h"

namespace assay {
namespace {

constexpr double kAlpha = 0.025;  // a side

// A heading, and a number a line; empty where one of them is none, or not finite.
std::vector<double> numbers_of(std::string_view csv) {
  csv.remove_prefix(std::min(csv.find('\n') + 1, csv.size()));
  std::vector<double> numbers;
  while (!csv.empty()) {
    const auto end = std::min(csv.find('\n'), csv.size());
    double value = 0.0;
    const auto [rest, problem] = std::from_chars(csv.data(), csv.data() + end, value);
    if (problem != std::errc() || rest != csv.data() + end || !std::isfinite(value)) return {};
    numbers.push_back(value);
    csv.remove_prefix(std::min(end + 1, csv.size()));
  }
  return numbers;
}

std::vector<double> examples_of(const FoundRun& run, const std::string& kind) {
  const auto artifact =
      read_artifact(*run.database, run.row.number, {kind, run.row.images_seen, "text/csv", 0});
  return artifact ? numbers_of(artifact->bytes) : std::vector<double>();
}

}  // namespace

ExampleMeans example_means(std::span<const FoundRun> runs, const std::string& metric) {
  ExampleMeans means{.runs = std::ssize(runs)};
  for (const FoundRun& run : runs) {
    const auto values = examples_of(run, "examples_" + metric);
    const bool fits = means.values.empty() || values.size() == means.values.size();
    if (values.empty() || !fits) return {.runs = means.runs};
    means.values.resize(values.size(), 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      means.values[i] += values[i] / static_cast<double>(runs.size());
    }
  }
  return means;
}

std::optional<ExamplePairs> pair_examples(const ExampleMeans& left, const ExampleMeans& right) {
  if (left.values.empty() || left.values.size() != right.values.size()) return std::nullopt;
  std::vector<double> differences;
  for (std::size_t i = 0; i < left.values.size(); ++i) {
    differences.push_back(right.values[i] - left.values[i]);
  }
  const auto lower = std::ranges::count_if(differences, [](double d) { return d < 0.0; });
  return ExamplePairs{
      .examples = std::ssize(differences),
      .left_runs = left.runs,
      .right_runs = right.runs,
      .difference = mean_estimate(differences, kAlpha),
      .lower = static_cast<double>(lower) / static_cast<double>(differences.size())};
}

std::string example_pairs_text(const ExamplePairs& pairs, const std::string& right) {
  const auto& [value, band] = pairs.difference;
  const std::string interval =
      band ? fmt::format(" [{}, {}]", signed_number_text(band->low), signed_number_text(band->high))
           : std::string();
  return fmt::format(
      "evaluation evidence, not seeds: of the same {} examples {} has the lower score at {:.0f} %, "
      "{}{} an example (trainings: {} and {})",
      pairs.examples, right, 100.0 * pairs.lower, signed_number_text(value), interval,
      pairs.left_runs, pairs.right_runs);
}

}  // namespace assay
