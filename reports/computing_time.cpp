// SPDX-License-Identifier: Apache-2.0
#include "reports/computing_time.h"

#include <algorithm>
#include <map>
#include <utility>

namespace assay {

TimedRun timed_run(const RunRow& run, const std::vector<EventRow>& events) {
  TimedRun timed{run.seed, "", run.started_at, run.wall_seconds};
  for (const EventRow& event : events) {
    if (event.kind != "seed_batch") continue;
    timed.batch = event.text.starts_with("trained with seeds") ? event.text : "";
  }
  return timed;
}

double computing_seconds(std::vector<TimedRun> runs) {
  std::ranges::stable_sort(runs, {}, &TimedRun::started_at);
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> times;  // each seed of a batch ran
  std::map<std::pair<std::string, std::size_t>, double> longest;       // of each time of a batch
  double seconds = 0.0;
  for (const TimedRun& run : runs) {
    if (run.batch.empty()) {
      seconds += run.wall_seconds;
      continue;
    }
    double& shared = longest[{run.batch, times[{run.batch, run.seed}]++}];
    shared = std::max(shared, run.wall_seconds);
  }
  for (const auto& [batch, shared] : longest) seconds += shared;
  return seconds;
}

}  // namespace assay
