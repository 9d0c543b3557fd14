// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/gate_rule.h"
#include "core/metric_kind.h"
#include "reports/comparison/decide.h"
#include "reports/report.h"

namespace assay {

/// Which runs stand against an experiment of the baseline.
enum class GateMatch {
  kId,   ///< those of an equal definition
  kName  ///< those of its name, under whatever definition
};

/// Speeds of one phase of a definition by two builds that ran in turn in one job: value i of both
/// is of round i, images per second.
struct TimedPhase {
  std::string experiment_id;
  std::string phase;  ///< "train", "sample"
  std::vector<double> base = {}, current = {};
};

struct GateOptions {
  std::filesystem::path baseline, database;
  /// Nothing: speeds are not looked at. A definition of the baseline that has none counts as not
  /// measured.
  std::optional<std::vector<TimedPhase>> timed = {};
  GateMatch match = GateMatch::kId;
  std::vector<MetricKind> kinds = {};  ///< of metrics that a database does not explain
  double alpha = 0.01;  ///< false alarms of a whole gate (Holm), where nothing has changed
};

enum class GateOutcome {
  kPassed,        ///< nothing is worse
  kRegression,    ///< a critical or supporting metric is worse
  kInconclusive,  ///< of a critical metric neither can be said
  kNoGo           ///< nothing matched, or less than the baseline holds was measured
};
std::string_view outcome_name(GateOutcome outcome);  ///< "passed", "regression", …

/// One metric of one experiment.
struct GateRow {
  std::string experiment;
  std::string metric;  ///< "fd@fmnist-cnn", "loss: kl_nats", "peak_memory_bytes"
  Importance importance = Importance::kCritical;
  Sample baseline = {}, current = {};
  Terms terms = {};
  Decision decision = {};
  std::string examples = {};  ///< what single examples say (comparison/example_pairs.h)
  std::string sentence = {};
};

/// How the runs of one experiment began and ended: equal weights need no statistics.
struct GateBits {
  std::string experiment;
  std::int64_t pairs = 0;  ///< seeds that both have, on one machine, build and data
  std::int64_t equal = 0;  ///< of them, those whose final state is equal to the bit
  std::string first = {};  ///< where the first of the others departs: "kl_nats at 6,400 images …"
};

struct GateResult {
  GateOutcome outcome = GateOutcome::kPassed;
  std::vector<GateRow> rows;        ///< by experiment, blocking ones first
  std::vector<GateBits> bits;       ///< of the experiments that share seeds
  std::vector<std::string> absent;  ///< what the baseline holds and was not measured
  std::vector<std::string> notes;   ///< settings in which runs of an experiment differ
  std::string summary;              ///< one sentence
};

/// Holds the runs of a database against a baseline, which `assay baseline save` froze. Runs that
/// the baseline itself holds are not looked at: they are not new.
///
/// Equal to the bit is the same. Else statistics decide (comparison/decide.h): paired where an
/// equal definition was trained with the same seeds, Welch's test otherwise, one level over all
/// rows that can fail the gate. A change within the rule's guards is none. A score whose protocol
/// differs counts as not measured, and the fields are named. More network evaluations for a sample
/// are worse by count, without a test. Rows of losses and memory are advisory unless a [gate.…]
/// table of the baseline's definition says otherwise. Never a time against a stored one, since
/// machines differ: speeds are those of `timed`, measured beside those of the base build.
GateResult gate(const GateOptions& options);

/// 0 passed, 1 regression, 5 inconclusive, 6 no-go.
int exit_code_of(GateOutcome outcome);

}  // namespace assay
