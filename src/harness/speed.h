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

/// Images per second of a phase, from timed intervals; of a long run the newest 1,000 count. The
/// first `warm_up` intervals of a process are left out. Time between an add() or pause() and the
/// next resume() is not counted.
class SpeedMeter {
 public:
  SpeedMeter(std::string phase, std::size_t warm_up)
      : phase_(std::move(phase)), warm_up_(warm_up) {}

  void resume();
  void pause();
  /// Pauses, and closes the interval if it holds images and has lasted at least so long.
  void add(std::int64_t images, double shortest_seconds = 0.0);
  /// Speed of the last interval that counts, 0 before the first.
  double latest() const { return rates_.empty() ? 0.0 : rates_.back(); }
  Throughput result() const;

  /// The intervals that count, for checkpoints: a resumed run goes on measuring.
  const std::vector<double>& rates() const { return rates_; }
  void restore(std::vector<double> rates) { rates_ = std::move(rates); }

 private:
  using Clock = std::chrono::steady_clock;
  std::string phase_;
  std::size_t warm_up_;
  std::size_t closed_ = 0;
  Clock::time_point started_ = Clock::now();
  double seconds_ = 0.0;
  std::int64_t images_ = 0;
  bool running_ = false;
  std::vector<double> rates_;
};

}  // namespace assay
