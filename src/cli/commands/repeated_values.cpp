// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/repeated_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <set>

#include "cli/text/protocol_notes.h"

namespace assay {
namespace {

constexpr int kShown = 10;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

double value_of(double value) { return value; }
double value_of(const Score& score) { return score.value; }

std::string changes_between(double, double) { return {}; }
std::string changes_between(const Score& stored, const Score& repeated) {
  return protocol_changes(stored.protocol, repeated.protocol);
}

// "3 stored, 4 now", and under what other protocol.
template <class T>
std::string difference_text(const T& stored, const T& repeated) {
  const std::string values = fmt::format("{} stored, {} now", value_of(stored), value_of(repeated));
  const std::string changes = changes_between(stored, repeated);
  return changes.empty() ? values : fmt::format("its protocol changed ({}): {}", changes, values);
}

template <class T>
void compare_bits(const ByPoint<T>& stored, const ByPoint<T>& repeated, Differences& differences) {
  for (const auto& [at, value] : stored) {
    const auto found = repeated.find(at);
    const std::string point = fmt::format("{} at {} images", at.first, at.second);
    if (found == repeated.end()) {
      differences.add(point + ": stored, not repeated");
    } else if (!same_bits(value_of(value), value_of(found->second))) {
      differences.add(point + ": " + difference_text(value, found->second));
    }
  }
  for (const auto& [at, value] : repeated) {
    if (stored.contains(at)) continue;
    differences.add(
        fmt::format("{} at {} images: {} now, not stored", at.first, at.second, value_of(value)));
  }
}

std::map<std::string, double> means_of(const Points& points) {
  std::map<std::string, std::pair<double, double>> sums;
  for (const auto& [at, value] : points) {
    sums[at.first].first += value;
    sums[at.first].second += 1.0;
  }
  std::map<std::string, double> means;
  for (const auto& [name, sum] : sums) means[name] = sum.first / sum.second;
  return means;
}

std::map<std::string, Score> last_of(const Scores& scores) {
  std::map<std::string, Score> last;
  for (const auto& [at, score] : scores) last[at.first] = score;
  return last;
}

template <class T>
void compare_in_band(const std::map<std::string, T>& stored,
                     const std::map<std::string, T>& repeated, double band,
                     Differences& differences) {
  for (const auto& [name, kept] : stored) {
    const auto found = repeated.find(name);
    const double value = value_of(kept);
    const double now = found == repeated.end() ? NAN : value_of(found->second);
    // Infinities have no distance, and everything lies within a share of them.
    const bool agree = found != repeated.end() &&
                       (same_bits(value, now) ||
                        (std::isfinite(value) && std::abs(value - now) <= band * std::abs(value)));
    if (agree) continue;
    const std::string text = found == repeated.end() ? fmt::format("{} stored, {} now", value, now)
                                                     : difference_text(kept, found->second);
    differences.add(fmt::format("{}: {}, allowed ±{:.0f} %", name, text, 100 * band));
  }
}

}  // namespace

void Differences::add(const std::string& line) {
  if (++count_ <= kShown) fmt::print("  {}\n", line);
}

void Differences::finish() const {
  if (count_ > kShown) fmt::print("  … and {} more\n", count_ - kShown);
}

void compare_exactly(const Points& stored, const Points& repeated, Differences& differences) {
  compare_bits(stored, repeated, differences);
}

void compare_exactly(const Scores& stored, const Scores& repeated, Differences& differences) {
  compare_bits(stored, repeated, differences);
}

void compare_within(const Points& stored, const Points& repeated, Differences& differences) {
  compare_in_band(means_of(stored), means_of(repeated), kSeriesBand, differences);
}

void compare_within(const Scores& stored, const Scores& repeated, Differences& differences) {
  compare_in_band(last_of(stored), last_of(repeated), kMetricBand, differences);
}

void print_protocol_changes(const Scores& stored, const Scores& repeated) {
  std::map<std::string, std::set<std::string>> names;  // of those with these changes
  for (const auto& [at, score] : stored) {
    const auto found = repeated.find(at);
    if (found == repeated.end()) continue;
    const std::string changes = protocol_changes(score.protocol, found->second.protocol);
    if (!changes.empty()) names[changes].insert(at.first);
  }
  for (const auto& [changes, of] : names) {
    fmt::print("the protocol of {} changed since: {}\n", fmt::join(of, ", "), changes);
  }
}

}  // namespace assay
