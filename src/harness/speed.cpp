// SPDX-License-Identifier: Apache-2.0
#include "harness/speed.h"

#include <cmath>

#include "core/median.h"

namespace assay {

double median_absolute_deviation(const std::vector<double>& values) {
  const double centre = median(values).value_or(0.0);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - centre));
  return median(distances).value_or(0.0);
}

void SpeedMeter::resume() {
  started_ = Clock::now();
  running_ = true;
}

void SpeedMeter::pause() {
  if (running_) seconds_ += std::chrono::duration<double>(Clock::now() - started_).count();
  running_ = false;
}

void SpeedMeter::add(std::int64_t images, double shortest_seconds) {
  constexpr std::size_t kMost = 1000;
  pause();
  images_ += images;
  if (seconds_ <= 0.0 || seconds_ < shortest_seconds || images_ == 0) return;
  if (++closed_ > warm_up_) rates_.push_back(static_cast<double>(images_) / seconds_);
  if (rates_.size() > kMost) rates_.erase(rates_.begin());
  images_ = 0;
  seconds_ = 0.0;
}

Throughput SpeedMeter::result() const {
  return {phase_, median(rates_).value_or(0.0), median_absolute_deviation(rates_),
          static_cast<std::int64_t>(rates_.size())};
}

}  // namespace assay
