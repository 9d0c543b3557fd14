// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/metric_kind.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// Each function is one transaction of its own and is durable when it returns.

/// Stores a definition under its id; does nothing if the id is there.
void add_experiment(Database& database, const ExperimentRow& experiment);

/// The number of the machine with exactly this description, stored on first sight.
std::int64_t add_machine(Database& database, const MachineRow& machine);

/// Stores what metrics mean; a later program's words replace an earlier one's.
void add_metric_kinds(Database& database, std::span<const MetricKind> kinds);

/// Stores a run with status `running` and returns its number. Take the RunLock of its uuid first: a
/// running run whose lock is free counts as interrupted.
std::int64_t begin_run(Database& database, const NewRun& run);

/// Takes a run back to its checkpoint at `images_seen` (nothing: to its start) and sets it running
/// again: in one transaction removes series rows after the checkpoint; metric and artifact rows and
/// notes at and after it (the evaluation there is repeated); later checkpoints; and records the
/// event `resumed`. Events of the run's life stay (started, resumed, interrupted, diverged,
/// failed), and so does throughput until the run measures it anew. Throws Error if the run is
/// complete.
void resume_run(Database& database, std::int64_t run, std::optional<std::int64_t> images_seen);

/// Appends verdicts that were made together: all or none, and all with the same time if they have
/// none yet. Earlier verdicts stay.
void add_verdicts(Database& database, const std::vector<VerdictRow>& verdicts);

}  // namespace assay
