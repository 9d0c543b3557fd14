// SPDX-License-Identifier: Apache-2.0
#include "reports/run_costs.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <string_view>

#include "core/error.h"
#include "reports/metric_columns.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

// How often a run's last evaluation called its network for a sample.
std::optional<double> network_evaluations(const FoundRun& run) {
  std::optional<double> calls;
  std::int64_t newest = 0;
  for (const MetricRow& row : final_metrics_of(*run.database, run.row.number)) {
    const auto field = row.protocol.find(std::string(kNetworkEvaluations));
    double value = 0.0;
    if (field == row.protocol.end() || (calls && row.images_seen < newest)) continue;
    const char* const end = field->second.data() + field->second.size();
    if (std::from_chars(field->second.data(), end, value).ec != std::errc()) continue;
    calls = value;
    newest = row.images_seen;
  }
  return calls;
}

std::optional<RunRow> run_of_uuid(const Database& database, const std::string& uuid) {
  try {
    return find_run(database, uuid);
  } catch (const Error&) {
    return std::nullopt;  // not merged into this database
  }
}

// Of events of a kind, "7.312 s for …".
std::vector<double> seconds_in(const Database& database, const RunRow& run, std::string_view kind) {
  std::vector<double> all;
  for (const EventRow& event : events_of(database, run.number)) {
    double seconds = 0.0;
    if (event.kind != kind) continue;
    std::from_chars(event.text.data(), event.text.data() + event.text.size(), seconds);
    all.push_back(seconds);
  }
  return all;
}

// Runs of before 2026-12-01 say their median speed alone, which leaves out what few steps do more.
std::optional<double> seconds_of_steps(const Database& database, const RunRow& run) {
  const auto counted = seconds_in(database, run, "trained");
  if (!counted.empty()) return counted.back();
  for (const Throughput& speed : throughput_of(database, run.number)) {
    if (speed.phase != "train" || speed.images_per_second <= 0.0) continue;
    const double seconds = static_cast<double>(run.images_seen) / speed.images_per_second;
    // Runs of before 2026-11-30 kept the speed of their last thousand intervals alone, which says
    // nothing of the others where the machine was busier then.
    if (seconds > run.wall_seconds) return std::nullopt;
    return seconds;
  }
  return std::nullopt;
}

// Whatever training it stands on; nothing if one part of it is not known.
std::optional<double> training_seconds(const FoundRun& run) {
  const Database& database = *run.database;
  const auto trained =
      run.row.parent_uuid ? run_of_uuid(database, *run.row.parent_uuid) : std::optional(run.row);
  auto seconds = trained ? seconds_of_steps(database, *trained) : std::nullopt;
  if (!seconds || !trained->first_stage_uuid) return seconds;
  const auto first = run_of_uuid(database, *trained->first_stage_uuid);
  const auto of_first = first ? seconds_of_steps(database, *first) : std::nullopt;
  if (!of_first) return std::nullopt;
  // Of the training images, once, into the first stage's latents.
  const auto encoding = seconds_in(database, *trained, "encoded");
  return std::accumulate(encoding.begin(), encoding.end(), *seconds + *of_first);
}

}  // namespace

void read_network_evaluations(const RunGroup& group, ExperimentSummary& summary) {
  std::vector<double> values;
  for (const auto& run : group.counted) {
    if (const auto calls = network_evaluations(run)) values.push_back(*calls);
  }
  summary.network_evaluations = summarise(values);
}

void read_speeds(const RunGroup& group, ExperimentSummary& summary) {
  std::map<std::string, std::vector<double>> medians;
  std::map<std::string, double> mads;
  std::vector<double> wall, training;
  for (const auto& run : group.counted) {
    for (const Throughput& speed : throughput_of(*run.database, run.row.number)) {
      medians[speed.phase].push_back(speed.images_per_second);
      mads[speed.phase] = std::max(mads[speed.phase], speed.images_per_second_mad);
    }
    wall.push_back(run.row.wall_seconds);
    if (const auto seconds = training_seconds(run)) training.push_back(*seconds);
  }
  for (const auto& [phase, values] : medians) {
    summary.speeds.push_back({phase, summarise(values), mads[phase]});
  }
  // Training first: it is what people look for.
  std::ranges::stable_sort(summary.speeds, {},
                           [](const SpeedSummary& s) { return s.phase != "train"; });
  summary.wall_seconds = summarise(wall);
  summary.training_seconds = summarise(training);
}

}  // namespace assay
