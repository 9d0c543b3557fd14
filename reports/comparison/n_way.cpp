// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/n_way.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "core/metric_kind.h"
#include "reports/comparison/compare_text.h"

namespace assay {
namespace {

Entry entry_of(const ExperimentSummary& experiment) {
  Entry entry;
  entry.label = experiment.label;
  entry.id = experiment.id;
  entry.metrics = experiment.metrics;
  std::set<std::uint64_t> complete, failed;
  for (const RunRow& run : experiment.counted) {
    entry.weights.insert(run.parent_uuid.value_or(run.uuid));
    complete.insert(run.seed);
  }
  for (const RunRow& run : experiment.runs) {
    const bool ended = run.status == "diverged" || run.status == "failed";
    if (ended && !complete.contains(run.seed)) failed.insert(run.seed);
  }
  entry.failed = static_cast<std::int64_t>(failed.size());
  return entry;
}

bool is_of(const ComparedMetric& pair, std::size_t entry, std::size_t column) {
  return pair.column == column && pair.differing.empty() &&
         (pair.left == entry || pair.right == entry);
}

const MetricSummary* metric_of(const Entry& entry, std::size_t column) {
  const auto found = std::ranges::find(entry.metrics, column, &MetricSummary::column);
  return found == entry.metrics.end() ? nullptr : &*found;
}

}  // namespace

Comparison compare_table(const Report& report, const ComparisonTable& table) {
  Comparison comparison;
  comparison.columns = report.columns;
  for (const std::size_t e : table.experiments)
    comparison.entries.push_back(entry_of(report.experiments[e]));
  if (comparison.entries.size() > kMostCompared) {
    comparison.notes.push_back(
        fmt::format("{} experiments are too many to compare each with each here: `assay compare` "
                    "does it for those that you name.",
                    comparison.entries.size()));
    return comparison;
  }
  return compare_entries(std::move(comparison), {});
}

std::optional<RankRange> rank_range(const Comparison& comparison, std::size_t entry,
                                    std::size_t column) {
  if (comparison.columns[column].better == std::nullopt) return std::nullopt;
  RankRange range;
  bool any = false;
  for (const ComparedMetric& pair : comparison.pairs) {
    if (!is_of(pair, entry, column)) continue;
    any = true;
    const Verdict verdict = pair.decision.verdict;
    const bool decided = verdict == Verdict::kBetter || verdict == Verdict::kWorse;
    const bool other_is_better = (pair.left == entry) == (verdict == Verdict::kBetter);
    if (decided && other_is_better) ++range.first;
    if (!decided || other_is_better) ++range.last;
  }
  // `last` has counted all others but those that are worse; those that are better stand before.
  return any ? std::optional(range) : std::nullopt;
}

std::string rank_text(const RankRange& range) {
  return range.first == range.last ? std::to_string(range.first)
                                   : fmt::format("{}–{}", range.first, range.last);
}

std::vector<const ComparedMetric*> pairs_of_leader(const Comparison& comparison,
                                                   std::size_t column) {
  const std::optional<Better> better = comparison.columns[column].better;
  if (better == std::nullopt) return {};
  std::optional<std::size_t> leader;
  double best = 0.0;
  for (std::size_t e = 0; e < comparison.entries.size(); ++e) {
    const MetricSummary* metric = metric_of(comparison.entries[e], column);
    if (metric == nullptr || !metric->last.mean) continue;
    const double mean = *metric->last.mean;
    if (leader && (better == Better::kLower ? mean >= best : mean <= best)) continue;
    leader = e;
    best = mean;
  }
  std::vector<const ComparedMetric*> pairs;
  if (!leader) return pairs;
  for (const ComparedMetric& pair : comparison.pairs) {
    if (is_of(pair, *leader, column)) pairs.push_back(&pair);
  }
  return pairs;
}

std::optional<std::size_t> ranked_column(const Comparison& comparison,
                                         const ComparisonTable& table) {
  for (const std::size_t column : table.columns) {
    if (!pairs_of_leader(comparison, column).empty()) return column;
  }
  return std::nullopt;
}

std::vector<std::string> leader_sentences(const Comparison& comparison, std::size_t column,
                                          std::size_t most) {
  std::vector<std::string> sentences;
  const auto pairs = pairs_of_leader(comparison, column);
  for (const ComparedMetric* pair : pairs) {
    if (sentences.size() == most) {
      sentences.push_back(fmt::format("and {} more", pairs.size() - most));
      break;
    }
    sentences.push_back(sentence_of(comparison, *pair));
  }
  return sentences;
}

}  // namespace assay
