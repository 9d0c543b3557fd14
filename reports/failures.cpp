// SPDX-License-Identifier: Apache-2.0
#include "reports/failures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "reports/number_text.h"
#include "reports/statistics/rates.h"

namespace assay {
namespace {

bool has_ended(const RunRow& run) {
  return run.status == "complete" || run.status == kDiverged || run.status == "failed";
}

bool stands_before(const RunRow& run, const RunRow& other) {
  const bool complete = run.status == "complete", other_complete = other.status == "complete";
  return complete != other_complete ? complete : run.started_at >= other.started_at;
}

std::map<std::uint64_t, const RecordedRun*> run_of_each_seed(std::span<const RecordedRun> runs) {
  std::map<std::uint64_t, const RecordedRun*> standing;
  for (const RecordedRun& one : runs) {
    if (!has_ended(one.run)) continue;
    const auto [place, first] = standing.try_emplace(one.run.seed, &one);
    if (!first && stands_before(one.run, place->second->run)) place->second = &one;
  }
  return standing;
}

std::optional<FailedSeed> noted(const RecordedRun& one, std::string_view kind) {
  std::optional<FailedSeed> found;
  for (const EventRow& event : one.events) {
    if (event.kind != kind || event.images_seen == 0) continue;
    if (!found) found = FailedSeed{one.run.seed, one.run.uuid, event.images_seen};
    found->last_images = event.images_seen;
    found->text = event.text;
  }
  return found;
}

std::optional<FailedSeed> ended_as(const RecordedRun& one, std::string_view status) {
  if (one.run.status != status) return std::nullopt;
  return FailedSeed{one.run.seed, one.run.uuid, one.run.images_seen, one.run.images_seen,
                    one.run.reason};
}

}  // namespace

std::vector<FailureSummary> failures_of(std::span<const RecordedRun> runs) {
  constexpr double kAlpha = 0.025;  // a side: 95 %
  const auto standing = run_of_each_seed(runs);
  std::vector<FailureSummary> failures;
  const auto add = [&](std::string_view name, const auto& befell) {
    FailureSummary failure;
    failure.name = name;
    for (const auto& [seed, run] : standing) {
      if (auto found = befell(*run, name)) failure.seeds.push_back(std::move(*found));
    }
    if (failure.seeds.empty()) return;
    failure.ended = static_cast<std::int64_t>(standing.size());
    failure.rate =
        rate_estimate({static_cast<std::int64_t>(failure.seeds.size()), failure.ended}, kAlpha);
    failures.push_back(std::move(failure));
  };
  for (const std::string_view kind : kFailureNotes) add(kind, noted);
  add(kDiverged, ended_as);
  return failures;
}

std::string failure_words(std::string_view name) {
  std::string words(name);
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string failure_text(const FailureSummary& failure) {
  return fmt::format("{} in {} of {}", failure_words(failure.name), failure.seeds.size(),
                     failure.ended);
}

std::string failure_rate_text(const FailureSummary& failure) {
  const Interval& interval = *failure.rate.interval;
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", failure.rate.value, interval.low, interval.high);
}

std::string failure_span_text(const FailedSeed& seed) {
  const std::string first = images_text(static_cast<double>(seed.first_images));
  const std::string last = images_text(static_cast<double>(seed.last_images));
  return seed.first_images == seed.last_images ? fmt::format("at {} images", first)
                                               : fmt::format("at {} to {} images", first, last);
}

}  // namespace assay
