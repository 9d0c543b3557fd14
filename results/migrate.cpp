// SPDX-License-Identifier: Apache-2.0
#include "results/migrate.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <span>
#include <string_view>

#include "core/error.h"

namespace assay {

extern const std::string_view kSchemaSql;

namespace {

// What a run is by its own text, its data and the code, beside the definition it shares with
// others. Rows that were there keep NULL: what they would have held is not known.
constexpr std::string_view kIdentityOfRuns = R"(
ALTER TABLE run ADD COLUMN definition TEXT;
ALTER TABLE run ADD COLUMN training_id TEXT;
ALTER TABLE run ADD COLUMN data_digest TEXT;
ALTER TABLE run ADD COLUMN code_digest TEXT;
ALTER TABLE run ADD COLUMN weights_sha256 TEXT;
CREATE INDEX run_by_training ON run (training_id, seed);
)";

// What the scores of a metric mean, and names for verdicts that merged databases share. Databases
// that were written before know none of theirs.
constexpr std::string_view kMetricKinds = R"(
CREATE TABLE metric_kind (
  name TEXT NOT NULL PRIMARY KEY,                        -- as table metric has it
  better TEXT NOT NULL CHECK (better IN ('lower', 'higher')),
  unit TEXT NOT NULL,
  meaning TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT;
ALTER TABLE verdict ADD COLUMN uuid TEXT;                -- NULL where an older assay wrote it
)";

// What people say of runs afterwards. By uuid, not by number: remarks stay where a merge replaces a
// run by one that has gone further.
constexpr std::string_view kRemarks = R"(
CREATE TABLE remark (
  id INTEGER NOT NULL PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  run_uuid TEXT NOT NULL,
  at TEXT NOT NULL,                                      -- UTC, ISO 8601
  kind TEXT NOT NULL CHECK (kind IN ('note', 'tag', 'untag', 'hide', 'unhide')),
  text TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT;
CREATE INDEX remark_by_run ON remark (run_uuid);
)";

// On what other run's weights a run trained. NULL where on none, and in rows that were there.
constexpr std::string_view kFirstStages = R"(
ALTER TABLE run ADD COLUMN first_stage_uuid TEXT;
ALTER TABLE run ADD COLUMN first_stage_state TEXT;
)";

// migrations()[v] brings version v to v + 1. Only ever appended to.
const std::array<std::string_view, 5>& migrations() {
  static const std::array<std::string_view, 5> scripts = {kSchemaSql, kIdentityOfRuns, kMetricKinds,
                                                          kRemarks, kFirstStages};
  return scripts;
}

}  // namespace

std::int64_t version_of(const Database& database) {
  return database.integer("PRAGMA user_version");
}

std::int64_t schema_version() { return static_cast<std::int64_t>(migrations().size()); }

void refuse_newer(const Database& database) {
  const std::int64_t version = version_of(database);
  if (version <= schema_version()) return;
  throw Error(fmt::format(
      "{}: was written by a newer assay (schema {}, this program knows {}); update assay, or name "
      "another database with --db",
      database.file().string(), version, schema_version()));
}

void require_readable(const Database& database) {
  refuse_newer(database);
  if (version_of(database) > 0) return;
  throw Error(fmt::format("{}: is empty or not an assay database; name another one with --db",
                          database.file().string()));
}

void refuse_foreign(const Database& database) {
  const bool foreign =
      version_of(database) == 0 && database.integer("SELECT COUNT(*) FROM sqlite_master") > 0;
  if (!foreign) return;
  throw Error(fmt::format("{}: holds tables that are not assay's; name another database with --db",
                          database.file().string()));
}

void migrate(Database& database) {
  if (version_of(database) == schema_version()) return;
  database.execute("BEGIN EXCLUSIVE");
  try {
    for (auto v = version_of(database); v < schema_version(); ++v) {
      database.execute(migrations()[static_cast<std::size_t>(v)]);
    }
    database.execute(fmt::format("PRAGMA user_version = {}; COMMIT", schema_version()));
  } catch (const std::exception&) {
    try {
      database.execute("ROLLBACK");
    } catch (const std::exception&) {
      // A full disk has already rolled back.
    }
    throw;
  }
}

std::vector<std::string> schema_objects(const Database& database) {
  std::vector<std::string> objects;
  auto query = database.prepare(
      "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || COALESCE(sql, '') FROM "
      "sqlite_master ORDER BY 1");
  while (query.step()) objects.push_back(query.text(0));
  return objects;
}

std::vector<std::string> expected_schema_objects(std::int64_t version) {
  sqlite3* connection = nullptr;
  const std::filesystem::path nowhere = ":memory:";
  if (sqlite3_open(":memory:", &connection) != SQLITE_OK) throw_sqlite_error(connection, nowhere);
  std::vector<std::string> objects;
  for (const auto script : std::span(migrations()).first(static_cast<std::size_t>(version))) {
    sqlite3_exec(connection, std::string(script).c_str(), nullptr, nullptr, nullptr);
  }
  {
    Statement query(connection, &nowhere,
                    "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || COALESCE(sql, '') "
                    "FROM sqlite_master "
                    "ORDER BY 1");
    while (query.step()) objects.push_back(query.text(0));
  }
  sqlite3_close(connection);
  return objects;
}

}  // namespace assay
