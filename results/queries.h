// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/metric_kind.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// Questions over all runs of a database. Every RunRow's status is derived: a run whose process
/// died reads as `interrupted`, whatever the column says.

/// The run that `text` names: its number, or a unique prefix of its uuid. Fewer than eight digits
/// and nothing else are a number: 77 is never a run whose uuid happens to begin so. Throws Error
/// (exit 2) if none or several fit.
RunRow find_run(const Database& database, std::string_view text);

struct RunFilter {
  std::vector<std::string> experiments = {};  ///< names, or ids of definitions; empty: all
  std::string status = {};                    ///< empty: any
  std::string uuid = {};                      ///< whole; empty: any
};
/// Runs in the order in which they were begun.
std::vector<RunRow> runs(const Database& database, const RunFilter& filter = {});
std::vector<RunRow> running_runs(const Database& database);
std::vector<RunRow> interrupted_runs(const Database& database);

/// What a run's numbers may depend on beside its definition: a run stands in for another only where
/// all of it is equal.
struct Circumstances {
  std::uint64_t seed = 0;
  std::string data_digest;
  std::string code_digest;
  std::string device;  ///< "cpu" or "cuda"
  std::int64_t threads = 1;
  bool smoke = false;
};
/// The newest complete run of a definition: work that need not be repeated. One that trained comes
/// before those that scored its weights.
std::optional<RunRow> find_complete(const Database& database, const std::string& experiment_id,
                                    const Circumstances& at);
/// The newest one that was interrupted, as its column says (call mark_abandoned first): work that
/// can be resumed.
std::optional<RunRow> find_interrupted(const Database& database, const std::string& experiment_id,
                                       const Circumstances& at);
/// One that a process is at work on.
std::optional<RunRow> find_running(const Database& database, const std::string& experiment_id,
                                   const Circumstances& at);
/// The complete runs that trained what this training_id says, the newest first: weights that can be
/// scored.
std::vector<RunRow> find_trained(const Database& database, const std::string& training_id,
                                 const Circumstances& at);

/// The text that a run resolved to: its own, or in rows of an older assay its experiment's. Looked
/// up for one run, since those who watch a database read all its rows ten times a second.
std::string definition_of(const Database& database, const RunRow& run);

/// Newest complete run of each experiment name that is not hidden, with its final metrics.
struct LastResult {
  RunRow run;
  std::vector<MetricRow> metrics;
};
std::vector<LastResult> last_results(const Database& database);

/// Throws Error (exit 4) if it is not there.
ExperimentRow experiment_of(const Database& database, std::string_view id);
MachineRow machine_of(const Database& database, std::int64_t id);

/// What the database's metrics mean, by name; none where an older assay wrote it.
std::vector<MetricKind> metric_kinds_of(const Database& database);

/// Verdicts of a suite (empty: of all), oldest first.
std::vector<VerdictRow> verdicts(const Database& database, std::string_view suite = {});

}  // namespace assay
