// SPDX-License-Identifier: Apache-2.0
#include "harness/speed.h"

#include <cmath>

#include "core/median.h"

namespace assay {

namespace {

// As of equally many images.
void join_neighbours(SpeedIntervals& intervals) {
  auto& rates = intervals.rates;
  for (std::size_t i = 0; i + 1 < rates.size(); i += 2)
    rates[i / 2] = 2.0 / (1.0 / rates[i] + 1.0 / rates[i + 1]);
  rates.resize(rates.size() / 2);
  intervals.span *= 2;
}

}  // namespace

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
  if (running_) {
    const double ran = std::chrono::duration<double>(Clock::now() - started_).count();
    seconds_ += ran;
    intervals_.seconds += ran;
  }
  running_ = false;
}

void SpeedMeter::add(std::int64_t images, double shortest_seconds) {
  constexpr std::size_t kMost = 1000;
  pause();
  images_ += images;
  if (seconds_ <= 0.0 || seconds_ < shortest_seconds || images_ == 0) return;
  const bool counts = closed_ >= warm_up_;
  if (counts && ++added_ < intervals_.span) return;
  ++closed_;
  added_ = 0;
  if (counts) intervals_.rates.push_back(static_cast<double>(images_) / seconds_);
  if (intervals_.rates.size() >= kMost) join_neighbours(intervals_);
  images_ = 0;
  seconds_ = 0.0;
}

Throughput SpeedMeter::result() const {
  const auto& rates = intervals_.rates;
  return {phase_, median(rates).value_or(0.0), median_absolute_deviation(rates),
          static_cast<std::int64_t>(rates.size())};
}

}  // namespace assay
