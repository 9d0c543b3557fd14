// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reports/report.h"
#include "results/database.h"

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

/// Runs of the wanted experiments (empty: all) grouped by definition and settings_key, each uuid
/// once. Groups are in the wanted order, else by name.
std::vector<RunGroup> gather_runs(std::span<const std::filesystem::path> databases,
                                  const std::vector<std::string>& wanted);

/// Everything one group's runs recorded, put together over seeds; adds the metrics' columns.
ExperimentSummary summarise_group(const RunGroup& group, std::vector<MetricColumn>& columns);

}  // namespace assay
