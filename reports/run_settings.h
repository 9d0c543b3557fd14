// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// What besides definition and seed must agree before one run stands for another.
struct RunSetting {
  std::string name;   ///< "device"
  std::string value;  ///< "cpu"
  /// Runs that differ here are never pooled: they are shown as experiments of their own. Where they
  /// differ in another setting they are pooled, and a warning says so.
  bool apart = false;
  bool within = false;  ///< says something only of two runs of one definition
};

/// In an order that is the same for all runs. A further setting of runs belongs here and nowhere
/// else.
std::vector<RunSetting> run_settings(const RunRow& run);

/// Equal for two runs of one definition if and only if they may be pooled.
std::string settings_key(const RunRow& run);

/// In which of them two runs of one definition differ so that they are never pooled: "data
/// (1a2b… / 3c4d…)".
std::string differing_settings(const RunRow& left, const RunRow& right);

/// For each experiment the settings that keep its runs from those of another one of these, as
/// "device = cuda"; empty where there are none.
std::vector<std::string> settings_apart(const std::vector<const ExperimentSummary*>& experiments);

/// Runs that one mean is made of.
struct PooledRuns {
  std::string name;   ///< whose they are
  std::string label;  ///< what the mean is called where several are of one name
  std::vector<const RunRow*> runs;
};

/// A line for every setting in which these runs differ: the values and whose they are, and which
/// means mix them.
std::vector<std::string> settings_warnings(std::span<const PooledRuns> pools);
/// The same of a report's means.
std::vector<std::string> settings_warnings(const Report& report);

}  // namespace assay
