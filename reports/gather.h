// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/run_settings.h"
#include "reports/statistics/sample.h"
#include "results/database.h"
#include "results/remarks.h"
#include "results/where.h"

namespace assay {

/// A run and the database it lies in.
struct FoundRun {
  RunRow row;
  std::shared_ptr<const Database> database;
};

/// The runs of one definition that may be pooled (settings_key), from all databases.
struct RunGroup {
  ExperimentRow experiment;
  std::vector<FoundRun> all;
  std::vector<FoundRun> counted;  ///< newest complete run of each seed, by seed
};

/// Which runs of a database are meant.
struct RunSelection {
  std::vector<std::string> experiments = {};  ///< names or ids, in this order; empty: all, by name
  std::optional<Where> where = {};
  std::optional<std::string> uuid = {};  ///< this run alone
  bool with_hidden = false;              ///< runs that `assay hide` hides, too
};

/// The selected runs, each uuid once.
struct GatheredRuns {
  std::vector<RunGroup> groups;               ///< by definition and settings_key
  std::vector<RunRow> hidden;                 ///< left out; hidden by a remark in any database
  std::map<std::string, RunRemarks> remarks;  ///< on runs of any database, by uuid
};
GatheredRuns gather_runs(std::span<const std::filesystem::path> databases,
                         const RunSelection& selection);

/// The scores of one group's counted runs over seeds; adds the metrics' columns. kLast: without
/// curves and untrained scores, of which a run may have thousands.
enum class History { kWhole, kLast };
std::vector<MetricSummary> metrics_of_group(const RunGroup& group,
                                            std::vector<MetricColumn>& columns,
                                            History history = History::kWhole);

/// A group's counted runs, as what its means are made of.
PooledRuns pooled_runs(const RunGroup& group, const std::string& label);

/// Seeds of a group that diverged or failed, and have no complete run.
std::int64_t failed_seeds(const RunGroup& group);
/// The scores of a metric, as one side of a comparison.
Sample scores_of(const MetricSummary& metric, std::string label, std::int64_t failed);

/// Everything one group's runs recorded, put together over seeds; adds the metrics' columns.
ExperimentSummary summarise_group(const RunGroup& group, std::vector<MetricColumn>& columns);

}  // namespace assay
