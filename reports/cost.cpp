// SPDX-License-Identifier: Apache-2.0
#include "reports/cost.h"

#include <algorithm>
#include <vector>

#include "core/median.h"
#include "reports/computing_time.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

// Those on the device and machine that count; `all` in the order in which they were begun.
std::vector<RunRow> comparable(const std::vector<RunRow>& all, std::string_view device) {
  const auto on_device = std::find_if(all.rbegin(), all.rend(),
                                      [&](const RunRow& run) { return run.device == device; });
  const RunRow& newest = on_device == all.rend() ? all.back() : *on_device;
  std::vector<RunRow> chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen), [&](const RunRow& run) {
    return run.device == newest.device && run.machine_id == newest.machine_id;
  });
  return chosen;
}

// A run on a GPU says that its peak is the GPU's; older ones stored that of their process.
void add_memory(const RunRow& run, const std::vector<EventRow>& events, RunCost& cost) {
  const bool of_gpu = std::ranges::find(events, "peak_memory", &EventRow::kind) != events.end();
  if (of_gpu && cost.memory_of != "GPU") cost.memory_bytes = 0;
  if (of_gpu || cost.memory_of.empty()) cost.memory_of = of_gpu ? "GPU" : "process";
  if (of_gpu != (cost.memory_of == "GPU")) return;
  cost.memory_bytes = std::max(cost.memory_bytes, run.peak_memory_bytes);
}

RunCost cost_of(const Database& database, const std::vector<RunRow>& runs) {
  RunCost cost;
  std::vector<double> seconds;
  std::vector<TimedRun> timed;
  for (const RunRow& run : runs) {
    const std::vector<EventRow> events = events_of(database, run.number);
    seconds.push_back(run.wall_seconds);
    timed.push_back(timed_run(run, events));
    add_memory(run, events, cost);
  }
  cost.seconds = upper_median(seconds).value();
  cost.seconds_of_seed = computing_seconds(timed) / static_cast<double>(timed.size());
  cost.device = runs.front().device;
  const MachineRow machine = machine_of(database, runs.front().machine_id);
  cost.machine = cost.device.starts_with("cuda") ? machine.gpu : machine.cpu;
  return cost;
}

}  // namespace

std::map<std::string, RunCost> run_costs(const Database& database, std::string_view device) {
  std::map<std::string, std::vector<RunRow>> complete;
  for (const RunRow& run : runs(database, {.experiments = {}, .status = "complete"}))
    complete[run.experiment_id].push_back(run);
  std::map<std::string, RunCost> costs;
  for (const auto& [id, all] : complete)
    costs.emplace(id, cost_of(database, comparable(all, device)));
  return costs;
}

}  // namespace assay
