// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "cli/run/work_order.h"
#include "results/database.h"

namespace assay {

/// What `run` and `resume` both take: --device, --jobs, --max-minutes, --fail-fast.
void add_work_options(CLI::App* command, WorkOptions& work);

/// --jobs; by default as many runs at a time as cores, one thread each: fastest here, and
/// bit-stable.
int jobs_of(const WorkOptions& work);

/// Does the orders and shows them. Returns the exit code.
int do_work(Database& database, const std::vector<WorkOrder>& orders, const WorkOptions& options);

/// Those of the runs that the database holds.
std::vector<std::string> recorded(const Database& database, const std::vector<std::string>& uuids);

/// A table of runs: status, scores, speed, time.
void print_runs(const Database& database, const std::vector<std::string>& uuids);

}  // namespace assay
