// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/events.h"

namespace assay {

/// Median absolute deviation from the median (not scaled); 0 of no values.
double median_absolute_deviation(const std::vector<double>& values);

/// The rates of timed intervals of a phase: at most 1,000, so that where there are more, neighbours
/// join and every further interval spans twice as many.
struct SpeedIntervals {
  std::vector<double> rates = {};  ///< images/s
  std::int64_t span = 1;           ///< what was added so often is one interval
  double seconds = 0.0;            ///< of all that ran, warm-up included; NaN: not known
};

/// Images per second of a phase, from timed intervals over all of it. The first `warm_up` intervals
/// of a process are left out. Time between an add() or pause() and the next resume() is not
/// counted.
class SpeedMeter {
 public:
  SpeedMeter(std::string phase, std::size_t warm_up)
      : phase_(std::move(phase)), warm_up_(warm_up) {}

  void resume();
  void pause();
  /// Pauses, and closes the interval if it holds images and has lasted at least so long.
  void add(std::int64_t images, double shortest_seconds = 0.0);
  /// Speed of the last interval that counts, 0 before the first.
  double latest() const { return intervals_.rates.empty() ? 0.0 : intervals_.rates.back(); }
  Throughput result() const;

  /// The intervals that count, for checkpoints: a resumed run goes on measuring.
  const SpeedIntervals& intervals() const { return intervals_; }
  void restore(SpeedIntervals intervals) { intervals_ = std::move(intervals); }

 private:
  using Clock = std::chrono::steady_clock;
  std::string phase_;
  std::size_t warm_up_;
  std::size_t closed_ = 0;
  std::int64_t added_ = 0;  ///< to the interval that is open, in units of span
  Clock::time_point started_ = Clock::now();
  double seconds_ = 0.0;
  std::int64_t images_ = 0;
  bool running_ = false;
  SpeedIntervals intervals_;
};

}  // namespace assay
