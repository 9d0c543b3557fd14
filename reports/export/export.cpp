// SPDX-License-Identifier: Apache-2.0
#include "reports/export/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/escape.h"
#include "reports/export/event_file.h"
#include "reports/json_number.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "results/queries.h"
#include "results/row_writer.h"
#include "results/run_queries.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

Json protocol_fields(const Protocol& protocol) {
  Json fields = Json::object();
  for (const auto& [name, value] : protocol) fields[name] = valid_utf8(value);
  return fields;
}

std::vector<SeriesPoint> sorted_series(const Database& database, const RunRow& run) {
  auto points = series_of(database, run.number);
  std::ranges::stable_sort(points, {}, [](const SeriesPoint& point) {
    return std::pair(point.name, point.images_seen);
  });
  return points;
}

std::vector<MetricRow> sorted_metrics(const Database& database, const RunRow& run) {
  auto rows = metrics_of(database, run.number);
  std::ranges::stable_sort(rows, {}, [](const MetricRow& row) {
    return std::tuple(row.name, row.protocol_id, row.images_seen);
  });
  return rows;
}

// "fd@pixels"; with the first digits of the protocol's id where another protocol has that name too.
std::map<std::string, std::string> tags_of(const std::vector<MetricRow>& rows) {
  std::map<std::string, std::set<std::string>> ids;
  for (const MetricRow& row : rows) ids[row.full_name()].insert(row.protocol_id);
  std::map<std::string, std::string> tags;
  for (const MetricRow& row : rows) {
    constexpr std::size_t kDigits = 8;
    const bool alone = ids[row.full_name()].size() == 1;
    tags[row.name + row.protocol_id] =
        "metric/" + row.full_name() + (alone ? "" : "_" + row.protocol_id.substr(0, kDigits));
  }
  return tags;
}

// Of "2026-11-23T05:08:38Z".
double seconds_since_1970(const std::string& utc) {
  int year = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0, day = 0;
  if (std::sscanf(utc.c_str(), "%d-%u-%uT%d:%d:%d", &year, &month, &day, &hour, &minute, &second) !=
      6) {
    return 0.0;
  }
  const std::chrono::sys_days date{std::chrono::year(year) / std::chrono::month(month) /
                                   std::chrono::day(day)};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(date.time_since_epoch());
  return static_cast<double>(seconds.count() + 3600 * hour + 60 * minute + second);
}

}  // namespace

std::string series_csv(const Database& database, const RunRow& run) {
  std::string text = "name,images_seen,value\n";
  for (const SeriesPoint& point : sorted_series(database, run)) {
    text += fmt::format("{},{},{}\n", csv_field(point.name), point.images_seen,
                        exact_number_text(point.value));
  }
  return text;
}

std::string metrics_csv(const Database& database, const RunRow& run) {
  std::string text = "name,images_seen,value,standard_error,protocol\n";
  for (const MetricRow& row : sorted_metrics(database, run)) {
    text += fmt::format("{},{},{},{},{}\n", csv_field(row.name), row.images_seen,
                        exact_number_text(row.value), exact_number_text(row.standard_error),
                        csv_field(protocol_fields(row.protocol).dump()));
  }
  return text;
}

std::string run_jsonl(const Database& database, const RunRow& run) {
  const Json head = {{"kind", "run"},
                     {"uuid", run.uuid},
                     {"experiment", valid_utf8(run.experiment)},
                     {"id", run.experiment_id},
                     {"seed", run.seed},
                     {"status", run.status},
                     {"reason", valid_utf8(run.reason)},
                     {"commit", valid_utf8(run.commit_id)},
                     {"dirty", run.dirty},
                     {"device", run.device},
                     {"threads", run.threads},
                     {"smoke", run.smoke},
                     {"started_at", run.started_at},
                     {"images_seen", run.images_seen},
                     {"wall_seconds", json_number(run.wall_seconds)},
                     {"peak_memory_bytes", run.peak_memory_bytes},
                     {"state_hash", run.state_hash}};
  std::string text = head.dump() + "\n";
  for (const SeriesPoint& point : sorted_series(database, run)) {
    text += Json({{"kind", "series"},
                  {"name", valid_utf8(point.name)},
                  {"images_seen", point.images_seen},
                  {"value", json_number(point.value)}})
                .dump() +
            "\n";
  }
  for (const MetricRow& row : sorted_metrics(database, run)) {
    text += Json({{"kind", "metric"},
                  {"name", valid_utf8(row.name)},
                  {"images_seen", row.images_seen},
                  {"value", json_number(row.value)},
                  {"standard_error", json_number(row.standard_error)},
                  {"protocol", protocol_fields(row.protocol)}})
                .dump() +
            "\n";
  }
  return text;
}

std::string run_events(const Database& database, const RunRow& run) {
  EventFile events(seconds_since_1970(run.started_at));
  for (const SeriesPoint& point : sorted_series(database, run)) {
    events.add_scalar("loss/" + valid_utf8(point.name), point.images_seen, point.value);
  }
  const auto rows = sorted_metrics(database, run);
  const auto tags = tags_of(rows);
  for (const MetricRow& row : rows) {
    events.add_scalar(valid_utf8(tags.at(row.name + row.protocol_id)), row.images_seen, row.value);
  }
  auto names = artifacts_of(database, run.number);
  std::ranges::stable_sort(
      names, {}, [](const ArtifactName& name) { return std::pair(name.kind, name.images_seen); });
  for (const ArtifactName& name : names) {
    if (name.mime != "image/png") continue;
    const auto picture = read_artifact(database, run.number, name);
    if (picture) events.add_image(valid_utf8(name.kind), name.images_seen, picture->bytes);
  }
  return events.bytes();
}

std::string export_folder(const RunRow& run) {
  std::string name;
  for (const char c : run.experiment) {
    const bool harmless = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
                          c == '-' || c == '/' || (c == '.' && !name.empty() && name.back() != '.');
    name += harmless ? c : '_';
  }
  while (name.starts_with('/')) name.erase(0, 1);
  constexpr std::size_t kDigits = 8;
  return fmt::format("{}/seed_{}_{}", name.empty() ? "experiment" : name, run.seed,
                     run.uuid.substr(0, kDigits));
}

}  // namespace assay
