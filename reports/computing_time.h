// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/rows.h"

namespace assay {

/// A run and how long its process took for it.
struct TimedRun {
  std::uint64_t seed = 0;
  /// Which seeds trained as one model, as the run's event `seed_batch` says it; empty: this alone.
  std::string batch = {};
  std::string started_at = {};
  double wall_seconds = 0.0;
};

/// As a run's row and its events tell it.
TimedRun timed_run(const RunRow& run, const std::vector<EventRow>& events);

/// Seconds that the runs of one definition took. Seeds that trained as one model share their time,
/// so it counts once: that of the seed that took longest. Where a batch was run several times, the
/// first run of each of its seeds belongs to the first time, and so on.
double computing_seconds(std::vector<TimedRun> runs);

}  // namespace assay
