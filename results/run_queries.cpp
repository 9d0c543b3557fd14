// SPDX-License-Identifier: Apache-2.0
#include "results/run_queries.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/reason.h"
#include "results/row_writer.h"
#include "results/run_lock.h"
#include "results/stored_name.h"

namespace assay {
namespace {

Protocol read_protocol(const Database& database, const std::string& fields) {
  const auto json = nlohmann::json::parse(fields, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw Error(
        fmt::format("{}: a protocol is not readable; the database is damaged, restore a copy",
                    database.file().string()),
        ExitCode::kDamaged);
  }
  Protocol protocol;
  for (const auto& [key, value] : json.items()) {
    protocol[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return protocol;
}

std::vector<SeriesPoint> read_series(Statement& query) {
  std::vector<SeriesPoint> points;
  while (query.step()) {
    points.push_back({query.text(0), query.integer(1), restored_number(query, 2, 3)});
  }
  return points;
}

std::vector<MetricRow> read_metrics(const Database& database, Statement& query) {
  std::vector<MetricRow> rows;
  std::map<std::string, Protocol> known;  // a run has thousands of scores and few protocols
  while (query.step()) {
    const double error =
        query.is_null(4) ? std::numeric_limits<double>::quiet_NaN() : query.real(4);
    const std::string id = query.text(5);
    auto found = known.find(id);
    if (found == known.end())
      found = known.emplace(id, read_protocol(database, query.text(6))).first;
    rows.push_back(
        {query.text(0), query.integer(1), restored_number(query, 2, 3), error, id, found->second});
  }
  return rows;
}

}  // namespace

std::vector<SeriesPoint> series_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT name, images_seen, value, kind FROM series WHERE run_id = ? ORDER BY name, "
      "images_seen");
  query.bind(run);
  return read_series(query);
}

// Beside the only MAX() other columns are of the row that it is of (sqlite.org/lang_select.html,
// "bare columns in an aggregate query").
std::vector<SeriesPoint> final_series_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT name, MAX(images_seen), value, kind FROM series WHERE run_id = ? GROUP BY name "
      "ORDER BY name");
  query.bind(run);
  return read_series(query);
}

std::vector<MetricRow> metrics_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT m.name, m.images_seen, m.value, m.kind, m.standard_error, m.protocol_id, p.fields "
      "FROM metric m JOIN protocol p ON p.id = m.protocol_id WHERE m.run_id = ? "
      "ORDER BY m.name, m.protocol_id, m.images_seen");
  query.bind(run);
  return read_metrics(database, query);
}

std::vector<MetricRow> final_metrics_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT m.name, MAX(m.images_seen), m.value, m.kind, m.standard_error, m.protocol_id, "
      "p.fields FROM metric m JOIN protocol p ON p.id = m.protocol_id WHERE m.run_id = ? "
      "GROUP BY m.name, m.protocol_id ORDER BY m.name, m.protocol_id");
  query.bind(run);
  return read_metrics(database, query);
}

std::vector<Throughput> throughput_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT phase, images_per_second, images_per_second_mad, n FROM throughput WHERE run_id = ? "
      "ORDER BY phase");
  query.bind(run);
  std::vector<Throughput> rows;
  while (query.step()) {
    rows.push_back({query.text(0), query.real(1), query.real(2), query.integer(3)});
  }
  return rows;
}

std::vector<EventRow> events_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT at, images_seen, kind, text FROM event WHERE run_id = ? ORDER BY id");
  query.bind(run);
  std::vector<EventRow> rows;
  while (query.step()) {
    rows.push_back(
        {query.text(0), query.integer(1), query.text(2), without_backtrace(query.text(3))});
  }
  return rows;
}

std::vector<std::int64_t> resumed_at(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT images_seen FROM event WHERE run_id = ? AND kind = 'resumed' ORDER BY id");
  query.bind(run);
  std::vector<std::int64_t> points;
  while (query.step()) points.push_back(query.integer(0));
  return points;
}

std::vector<CheckpointSaved> checkpoints_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT c.images_seen, c.file, c.sha256, r.uuid FROM checkpoint c JOIN run r ON r.id = "
      "c.run_id "
      "WHERE c.run_id = ? ORDER BY c.images_seen DESC");
  query.bind(run);
  std::vector<CheckpointSaved> found;
  while (query.step()) {
    const auto name = stored_file_name(database, query.text(1));
    found.push_back(
        {query.integer(0), run_folder(database.file(), query.text(3)) / name, query.text(2)});
  }
  return found;
}

std::vector<ArtifactName> artifacts_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(
      "SELECT kind, images_seen, mime, length(bytes) FROM artifact WHERE run_id = ? ORDER BY kind, "
      "images_seen");
  query.bind(run);
  std::vector<ArtifactName> names;
  while (query.step()) {
    names.push_back({query.text(0), query.integer(1), query.text(2), query.integer(3)});
  }
  return names;
}

std::optional<Artifact> read_artifact(const Database& database, std::int64_t run,
                                      const ArtifactName& name) {
  auto query = database.prepare(
      "SELECT kind, images_seen, mime, bytes FROM artifact WHERE run_id = ? AND kind = ? AND "
      "images_seen = ?");
  query.bind(run, name.kind, name.images_seen);
  if (!query.step()) return std::nullopt;
  return Artifact{query.text(0), query.integer(1), query.text(2), query.text(3)};
}

}  // namespace assay
