// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/events.h"

namespace assay {

/// Relative bands for another kind of machine: rounding differs there, and training amplifies it.
inline constexpr double kSeriesBand = 0.10;
inline constexpr double kMetricBand = 0.25;

/// What a run says, by name and images seen.
template <class T>
using ByPoint = std::map<std::pair<std::string, std::int64_t>, T>;
using Points = ByPoint<double>;
struct Score {
  double value = 0.0;
  Protocol protocol;
};
using Scores = ByPoint<Score>;

/// Prints lines that say what differs; at most a few, and how many more.
class Differences {
 public:
  void add(const std::string& line);
  int count() const { return count_; }
  void finish() const;

 private:
  int count_ = 0;
};

/// Bit for bit. A score that differs under another protocol is said to be of another protocol.
void compare_exactly(const Points& stored, const Points& repeated, Differences& differences);
void compare_exactly(const Scores& stored, const Scores& repeated, Differences& differences);
/// The mean of each series, and the last value of each score, within the bands.
void compare_within(const Points& stored, const Points& repeated, Differences& differences);
void compare_within(const Scores& stored, const Scores& repeated, Differences& differences);

/// Prints which scores are under another protocol than then, and which of its fields changed.
void print_protocol_changes(const Scores& stored, const Scores& repeated);

/// How many points either side has.
template <class T>
std::size_t union_size(const ByPoint<T>& one, const ByPoint<T>& other) {
  std::size_t size = one.size();
  for (const auto& [at, value] : other) size += one.contains(at) ? 0 : 1;
  return size;
}
/// How many names.
template <class T>
std::size_t names_in(const ByPoint<T>& points) {
  std::size_t names = 0;
  const std::string* last = nullptr;
  for (const auto& [at, value] : points) {
    names += last == nullptr || *last != at.first ? 1 : 0;
    last = &at.first;
  }
  return names;
}

}  // namespace assay
