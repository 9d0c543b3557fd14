// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reports/comparison/decide.h"
#include "reports/comparison/example_pairs.h"
#include "reports/report.h"
#include "results/where.h"

namespace assay {

/// One thing to compare, as the command line names it: a whole database, experiments of one (names
/// or ids), or one run of it.
struct CompareOperand {
  std::string label;
  std::filesystem::path database;
  std::vector<std::string> experiments = {};  ///< empty: all
  std::optional<std::string> uuid = {};       ///< of one run alone
  bool whole = false;  ///< a database: its experiments meet those of the same name in others
};

struct CompareOptions {
  std::vector<std::string> metrics = {};  ///< names or labels ("fd@pixels"); empty: all
  std::optional<Where> where = {};        ///< which runs count
  std::vector<MetricKind> kinds = {};     ///< of metrics that a database does not explain
  double margin = 0.05;  ///< share of left's mean: the same if more can be ruled out
  double guard = 0.0;    ///< share of left's mean: a smaller difference does not matter
  double alpha = 0.05;
};

/// The runs of one definition on one side: a row of the table.
struct Entry {
  std::string label;  ///< the experiment's, and what tells it from others
  std::string id;
  std::set<std::string> weights = {};  ///< uuids of the trainings that its scores are of
  std::int64_t failed = 0;             ///< seeds that ended without a complete run
  std::vector<MetricSummary> metrics = {};
};

/// One metric of two entries.
struct ComparedMetric {
  std::size_t left = 0, right = 0;  ///< indices into Comparison::entries
  std::size_t column = 0;           ///< index into Comparison::columns
  Sample left_scores = {}, right_scores = {};
  Terms terms = {};
  Decision decision = {};
  std::vector<std::string> differing = {};    ///< fields in which the protocols differ
  std::optional<ExamplePairs> examples = {};  ///< where runs keep the scores of single examples
};

struct Comparison {
  std::vector<Entry> entries;
  std::vector<MetricColumn> columns;
  std::vector<ComparedMetric> pairs;  ///< by left, right and metric
  /// What could not be paired, and why; settings in which the runs differ (run_settings.h).
  std::vector<std::string> notes;
};

/// Puts operands side by side: whole databases experiment by experiment of one name, everything
/// else each with each. Numbers of different protocols are never compared: the pair says which
/// fields differ. Throws Error for a missing or damaged database, a metric that no run has, one
/// definition alone, and where nothing meets.
Comparison compare(const std::vector<CompareOperand>& operands, const CompareOptions& options);

/// Decides every pair of entries that were gathered already, under labelled and explained columns.
Comparison compare_entries(Comparison entries, const CompareOptions& options);

}  // namespace assay
