// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/comparison/compare.h"
#include "reports/metric_columns.h"

namespace assay {

/// Beyond so many experiments in a table its pairs are left to `assay compare`: 60 make 1,770.
inline constexpr std::size_t kMostCompared = 60;

/// The experiments of a table, each against each in every column: what `assay compare` says of
/// them, with Holm's correction over the table. Entries are in the order of table.experiments;
/// without pairs where there are more than kMostCompared.
Comparison compare_table(const Report& report, const ComparisonTable& table);

/// The places that an entry can have in a column by verdicts alone: the first is 1 + the number of
/// entries that are better, the last is that of entries with a score − those that are worse.
struct RankRange {
  std::int64_t first = 1, last = 1;
};
/// Nothing where nobody says which way the metric is better, and without a pair of the entry.
std::optional<RankRange> rank_range(const Comparison& comparison, std::size_t entry,
                                    std::size_t column);
std::string rank_text(const RankRange& range);  ///< "1", "2–3"

/// The pairs of the entry with the best mean of a column, in the order of the entries. Empty where
/// rank_range is nothing for all.
std::vector<const ComparedMetric*> pairs_of_leader(const Comparison& comparison,
                                                   std::size_t column);

/// The first column of the table that has ranks: the one that a reader looks for.
std::optional<std::size_t> ranked_column(const Comparison& comparison,
                                         const ComparisonTable& table);

/// The verdicts that are put into words under a table: those of the leader in `column`, at most
/// `most` of them.
std::vector<std::string> leader_sentences(const Comparison& comparison, std::size_t column,
                                          std::size_t most);

}  // namespace assay
