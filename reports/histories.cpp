// SPDX-License-Identifier: Apache-2.0
#include "reports/histories.h"

#include <algorithm>
#include <set>

#include "reports/computing_time.h"
#include "reports/failures.h"
#include "reports/repeat_command.h"
#include "results/run_queries.h"

namespace assay {
namespace {

// The newest event of a kind, or nothing.
std::string event_text(const std::vector<EventRow>& events, std::string_view kind) {
  const auto found = std::find_if(events.rbegin(), events.rend(),
                                  [&](const auto& one) { return one.kind == kind; });
  return found == events.rend() ? "" : found->text;
}

// A run on a GPU says that its peak is the GPU's; older ones stored that of their process.
void add_peak_memory(const std::vector<RecordedRun>& runs, ExperimentSummary& summary) {
  std::set<std::string> counted;
  for (const RunRow& run : summary.counted) counted.insert(run.uuid);
  std::int64_t of_process = 0;
  std::int64_t of_gpu = 0;
  for (const auto& [run, events] : runs) {
    if (!counted.contains(run.uuid)) continue;
    const bool is_of_gpu =
        std::ranges::find(events, "peak_memory", &EventRow::kind) != events.end();
    std::int64_t& largest = is_of_gpu ? of_gpu : of_process;
    largest = std::max(largest, run.peak_memory_bytes);
  }
  summary.peak_memory_of = of_gpu > 0 ? "GPU" : "process";
  summary.peak_memory_bytes = of_gpu > 0 ? of_gpu : of_process;
}

}  // namespace

void read_histories(const RunGroup& group, ExperimentSummary& summary) {
  std::vector<RecordedRun> runs;
  for (const auto& run : group.all)
    runs.push_back({run.row, events_of(*run.database, run.row.number)});
  std::vector<TimedRun> timed;
  std::string target;
  for (const auto& [run, events] : runs) {
    timed.push_back(timed_run(run, events));
    if (target.empty()) target = event_text(events, "started");
  }
  summary.computing_seconds = computing_seconds(timed);
  summary.command =
      repeat_command(target, summary.counted.empty() ? summary.runs : summary.counted);
  add_peak_memory(runs, summary);
  summary.failures = failures_of(runs);
}

}  // namespace assay
