// SPDX-License-Identifier: Apache-2.0
#include "results/integrity.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "core/digest.h"
#include "core/error.h"
#include "core/folder.h"
#include "results/migrate.h"
#include "results/queries.h"
#include "results/row_digest.h"
#include "results/run_queries.h"

namespace assay {
namespace {

constexpr std::string_view kRestore = "restore a copy of the database";

class Check {
 public:
  explicit Check(const Database& database) : database_(database) {}

  void all() {
    structure();
    schema();
    for (const std::string_view table : {"experiment", "machine", "run", "verdict"}) rows(table);
    if (version_of(database_) >= kWithMetricKinds) rows("metric_kind");
    if (version_of(database_) >= kWithRemarks) rows("remark");
    protocols();
    ended_runs();
    checkpoints();
  }
  std::vector<Finding> findings;

 private:
  void damage(const std::string& what) {
    findings.push_back({Finding::Severity::kDamage, fmt::format("{}; {}", what, kRestore)});
  }
  void warning(std::string text) {
    findings.push_back({Finding::Severity::kWarning, std::move(text)});
  }

  void structure() {
    auto query = database_.prepare("PRAGMA integrity_check(20)");
    while (query.step()) {
      if (query.text(0) != "ok") damage("SQLite finds: " + query.text(0));
    }
    auto keys = database_.prepare("PRAGMA foreign_key_check");
    while (keys.step()) {
      damage(fmt::format("a row of table {} points to a row of {} that is missing", keys.text(0),
                         keys.text(2)));
    }
  }

  void schema() {
    if (schema_objects(database_) != expected_schema_objects(version_of(database_))) {
      damage("the tables are not the ones that assay makes");
    }
  }

  void rows(std::string_view table) {
    auto query = database_.prepare(fmt::format("SELECT rowid, digest FROM {}", table));
    while (query.step()) {
      if (digest_of_row(database_, table, query.integer(0)) == query.text(1)) continue;
      damage(fmt::format("row {} of table {} was changed", query.integer(0), table));
    }
  }

  void protocols() {
    auto query = database_.prepare("SELECT * FROM protocol");
    while (query.step()) {
      if (sha256_hex(query.text(1)) == query.text(0) && columns_match_fields(query)) continue;
      damage(fmt::format("protocol {} was changed", query.text(0)));
    }
  }

  static bool columns_match_fields(const Statement& row) {
    const auto fields = nlohmann::json::parse(row.text(1), nullptr, /*allow_exceptions=*/false);
    for (int c = 2; c < row.columns(); ++c) {
      const auto field = fields.find(std::string(row.column_name(c)));
      const bool absent = field == fields.end();
      if (absent != row.is_null(c) || (!absent && *field != row.text(c))) return false;
    }
    return true;
  }

  void ended_runs() {
    auto query = database_.prepare(
        "SELECT id, rows_digest, log_digest FROM run WHERE rows_digest IS NOT NULL");
    while (query.step()) {
      const auto run = query.integer(0);
      if (digest_of_results(database_, run) != query.text(1)) {
        damage(fmt::format("a series, metric or artifact of run {} was changed", run));
      }
      if (digest_of_log(database_, run) != query.text(2)) {
        damage(fmt::format("a throughput, event or checkpoint row of run {} was changed", run));
      }
    }
  }

  void checkpoints() {
    for (const RunRow& run : runs(database_)) {
      const auto saved = checkpoints_of(database_, run.number);
      for (const auto& checkpoint : saved) {
        const bool needed = &checkpoint == &saved.front() || run.status == "interrupted";
        try {
          checkpoint_or_its_absence(run, checkpoint, needed);
        } catch (const Error& problem) {
          warning(problem.what());  // its folder is closed to us, say
        }
      }
    }
  }

  void checkpoint_or_its_absence(const RunRow& run, const CheckpointSaved& saved, bool needed) {
    if (path_exists(saved.file)) {
      checkpoint_file(run, saved);
    } else if (needed) {
      missing_file(run, saved);
    }
  }

  void missing_file(const RunRow& run, const CheckpointSaved& checkpoint) {
    if (run.status == "running") return;
    // A copy of the database without its checkpoints, or pruned ones, are no damage.
    const bool pruned = !path_exists(checkpoint.file.parent_path());
    if (pruned && run.status != "interrupted") return;
    const auto remedy =
        run.status == "interrupted"
            ? fmt::format("`assay resume {}` takes an earlier one or starts over", run.number)
            : "its numbers stay, but it can draw no more samples";
    warning(fmt::format("{}: checkpoint of run {} is missing; {}", checkpoint.file.string(),
                        run.number, remedy));
  }

  void checkpoint_file(const RunRow& run, const CheckpointSaved& checkpoint) {
    if (run.status == "running" || sha256_of_file(checkpoint.file) == checkpoint.sha256) return;
    const auto remedy =
        run.status == "interrupted"
            ? fmt::format("delete it, and `assay resume {}` takes an earlier one", run.number)
            : "its numbers stay, but draw no samples from it";
    findings.push_back(
        {Finding::Severity::kDamage, fmt::format("{}: this checkpoint of run {} was changed; {}",
                                                 checkpoint.file.string(), run.number, remedy)});
  }

  const Database& database_;
};

// Whether a file that cannot be opened as assay's has its tables: its version was changed, or is a
// newer one.
bool has_tables_of_runs(const std::filesystem::path& file) {
  sqlite3* connection = nullptr;
  bool found = false;
  if (sqlite3_open_v2(file.c_str(), &connection, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) {
    try {
      Statement query(connection, &file,
                      "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('experiment', 'run')");
      found = query.step() && query.integer(0) == 2;
    } catch (const Error&) {
      found = false;  // no database at all
    }
  }
  sqlite3_close(connection);
  return found;
}

}  // namespace

std::vector<Finding> check_database(const std::filesystem::path& file) {
  std::vector<Finding> findings;
  try {
    const Database database = Database::open_for_reading(file);
    Check check(database);
    try {
      check.all();
    } catch (...) {
      findings = check.findings;
      throw;
    }
    return check.findings;
  } catch (const Error& error) {
    if (error.code() == ExitCode::kUsage && !has_tables_of_runs(file)) throw;
    findings.push_back({Finding::Severity::kDamage, error.what()});
  } catch (const std::logic_error& error) {
    // A damaged schema makes our own statements wrong.
    findings.push_back({Finding::Severity::kDamage, fmt::format("{}; {}", error.what(), kRestore)});
  }
  return findings;
}

void require_sound(const Database& database, const RunRow& run) {
  auto query = database.prepare("SELECT digest, rows_digest FROM run WHERE id = ?");
  query.bind(run.number);
  query.step();
  const bool sealed = digest_of_row(database, "run", run.number) == query.text(0);
  const bool rows = query.is_null(1) || digest_of_results(database, run.number) == query.text(1);
  if (sealed && rows) return;
  throw Error(
      fmt::format("{}: run {} was changed after it was written; `assay doctor --db {}` says "
                  "what; restore a copy",
                  database.file().string(), run.number, database.file().string()),
      ExitCode::kDamaged);
}

}  // namespace assay
