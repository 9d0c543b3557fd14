// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "cli/run/work_order.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// How a worker says that its seeds are faster one at a time (seed_batch_places in
/// harness/runner.h): nothing was begun, each wants a worker of its own.
inline constexpr int kTrainAlone = 75;

/// How a worker says that all it was to do has been done, or is being done, by another command.
inline constexpr int kDoneElsewhere = 76;

/// Does a group in this process. Returns the exit code: that of an interrupted run if there is one,
/// else of a failed one.
int work(const WorkGroup& planned, const WorkOptions& options);

/// What every run says of the program and the machine that make it; stores the machine.
NewRun run_made_here(Database& database, std::int64_t threads, std::string_view device);

}  // namespace assay
