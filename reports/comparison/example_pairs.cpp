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
  const auto names = artifacts_of(*run.database, run.row.number);
  const auto found =
      std::ranges::find(names.rbegin(), names.rend(), kind,
                        [](const ArtifactName& name) -> const std::string& { return name.kind; });
  if (found == names.rend()) return {};
  const auto artifact = read_artifact(*run.database, run.row.number, *found);
  return artifact ? numbers_of(artifact->bytes) : std::vector<double>();
}

// Of each example the mean over trainings; empty where they do not have the same number of them.
std::vector<double> mean_of_runs(std::span<const FoundRun> runs, const std::string& kind) {
  std::vector<double> means;
  for (const FoundRun& run : runs) {
    const auto values = examples_of(run, kind);
    if (values.empty() || (!means.empty() && values.size() != means.size())) return {};
    means.resize(values.size(), 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      means[i] += values[i] / static_cast<double>(runs.size());
    }
  }
  return means;
}

}  // namespace

std::optional<ExamplePairs> pair_examples(std::span<const FoundRun> left,
                                          std::span<const FoundRun> right,
                                          const std::string& metric) {
  const std::string kind = "examples_" + metric;
  const auto before = mean_of_runs(left, kind);
  if (before.empty()) return std::nullopt;
  const auto after = mean_of_runs(right, kind);
  if (after.size() != before.size()) return std::nullopt;
  std::vector<double> differences;
  for (std::size_t i = 0; i < before.size(); ++i) differences.push_back(after[i] - before[i]);
  const auto lower = std::ranges::count_if(differences, [](double d) { return d < 0.0; });
  return ExamplePairs{.examples = std::ssize(differences),
                      .left_runs = std::ssize(left),
                      .right_runs = std::ssize(right),
                      .difference = mean_estimate(differences, kAlpha),
                      .lower = static_cast<double>(lower) / static_cast<double>(before.size())};
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
