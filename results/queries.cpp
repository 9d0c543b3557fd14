// SPDX-License-Identifier: Apache-2.0
#include "results/queries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "core/error.h"
#include "core/metric_kind.h"
#include "core/reason.h"
#include "results/migrate.h"
#include "results/remarks.h"
#include "results/run_lock.h"
#include "results/run_queries.h"

namespace assay {
namespace {

constexpr std::string_view kColumns =
    "SELECT r.id, r.uuid, r.experiment_id, e.name, e.family, r.seed, r.commit_id, r.dirty, "
    "r.machine_id, r.threads, "
    "r.jobs, r.device, r.smoke, r.overrides, r.status, r.reason, r.started_at, r.updated_at, "
    "r.images_seen, "
    "r.images_total, r.phase, r.images_per_second, r.wall_seconds, r.peak_memory_bytes, "
    "r.state_hash, r.parent_uuid, "
    "r.rows_digest, ";
// Before this version of the schema (migrate.cpp) runs did not know what follows.
constexpr std::int64_t kIdentityVersion = 2;
constexpr std::string_view kIdentityColumns =
    "r.training_id, r.data_digest, r.code_digest, r.weights_sha256";
constexpr std::string_view kNoIdentityColumns = "NULL, NULL, NULL, NULL";
constexpr std::int64_t kFirstStageVersion = 5;
constexpr std::string_view kFirstStageColumns = ", r.first_stage_uuid, r.first_stage_state";
constexpr std::string_view kNoFirstStageColumns = ", NULL, NULL";

// SELECT … FROM … with `rest` after it.
Statement select_runs(const Database& database, std::string_view rest) {
  const std::int64_t version = version_of(database);
  return database.prepare(
      fmt::format("{}{}{} FROM run r JOIN experiment e ON e.id = r.experiment_id {}", kColumns,
                  version >= kIdentityVersion ? kIdentityColumns : kNoIdentityColumns,
                  version >= kFirstStageVersion ? kFirstStageColumns : kNoFirstStageColumns, rest));
}

std::optional<std::string> optional_text(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

NewRun read_identity(const Statement& row) {
  NewRun r;
  r.uuid = row.text(1);
  r.experiment_id = row.text(2);
  r.seed = static_cast<std::uint64_t>(row.integer(5));
  r.commit_id = row.text(6);
  r.dirty = row.integer(7) != 0;
  r.machine_id = row.integer(8);
  r.threads = row.integer(9);
  r.jobs = row.integer(10);
  r.device = row.text(11);
  r.smoke = row.integer(12) != 0;
  r.overrides = row.text(13);
  r.images_total = row.integer(19);
  r.parent_uuid = optional_text(row, 25);
  r.training_id = optional_text(row, 27);
  r.data_digest = optional_text(row, 28);
  r.code_digest = optional_text(row, 29);
  r.weights_sha256 = optional_text(row, 30);
  r.first_stage_uuid = optional_text(row, 31);
  r.first_stage_state = optional_text(row, 32);
  return r;
}

RunRow read_run(const Database& database, const Statement& row) {
  RunRow r;
  static_cast<NewRun&>(r) = read_identity(row);
  r.number = row.integer(0);
  r.experiment = row.text(3);
  r.family = row.text(4);
  r.status = row.text(14);
  r.reason = without_backtrace(row.text(15));
  r.started_at = row.text(16);
  r.updated_at = row.text(17);
  r.images_seen = row.integer(18);
  r.phase = row.text(20);
  r.images_per_second = row.real(21);
  r.wall_seconds = row.real(22);
  r.peak_memory_bytes = row.integer(23);
  r.state_hash = row.text(24);
  r.rows_digest = optional_text(row, 26);
  if (r.status == "running" && !is_running(database.file(), r.uuid)) {
    r.status = "interrupted";
    r.reason = kAbandonedReason;
  }
  return r;
}

std::vector<RunRow> read_runs(const Database& database, Statement& query) {
  std::vector<RunRow> found;
  while (query.step()) found.push_back(read_run(database, query));
  return found;
}

// So many characters of a uuid come before its first hyphen.
constexpr std::size_t kFirstGroup = 8;

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
}

std::vector<RunRow> runs_by_number(const Database& database, std::string_view text) {
  if (text.empty() || text.size() > 18 || !is_digits(text)) return {};
  auto query = select_runs(database, "WHERE r.id = ?");
  query.bind(std::stoll(std::string(text)));
  return read_runs(database, query);
}

std::vector<RunRow> runs_by_prefix(const Database& database, std::string_view text) {
  if (text.empty()) return {};
  std::string prefix(text);
  std::ranges::transform(prefix, prefix.begin(), [](unsigned char c) { return std::tolower(c); });
  // 'g' sorts after every hex digit and '-': the range is what LIKE 'prefix%' would be, without its
  // wildcards.
  auto query = select_runs(database,
                           "WHERE r.uuid >= ?1 AND r.uuid < ?1 || 'g' AND substr(r.uuid, 1, "
                           "length(?1)) = ?1 ORDER BY r.id");
  query.bind(prefix);
  return read_runs(database, query);
}

std::vector<RunRow> runs_with_status(const Database& database, std::string_view wanted) {
  auto found = runs(database);
  std::erase_if(found, [&](const RunRow& run) { return run.status != wanted; });
  return found;
}

// Those that trained come first, the newest before the older.
std::vector<RunRow> runs_at(const Database& database, std::string_view id_column,
                            const std::string& id, const Circumstances& at,
                            std::string_view status) {
  if (version_of(database) < kIdentityVersion) return {};
  auto query = select_runs(
      database, fmt::format("WHERE r.{} = ? AND r.seed = ? AND r.data_digest = ? AND r.code_digest "
                            "= ? AND r.device = ? AND r.threads = ? AND r.smoke = ? AND r.status = "
                            "? ORDER BY r.parent_uuid IS NOT NULL, r.id DESC",
                            id_column));
  query.bind(id, at.seed, at.data_digest, at.code_digest, at.device, at.threads, at.smoke, status);
  return read_runs(database, query);
}

std::optional<RunRow> first_of(const std::vector<RunRow>& rows) {
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

}  // namespace

RunRow find_run(const Database& database, std::string_view text) {
  auto found = runs_by_number(database, text);
  const bool is_number_alone = is_digits(text) && text.size() < kFirstGroup;
  if (found.empty() && !is_number_alone) found = runs_by_prefix(database, text);
  if (found.size() == 1) return found.front();
  const std::string file = database.file().string();
  if (found.empty()) {
    throw Error(fmt::format(
        "{}: no run is called '{}'; a run is named by its number (here 1 to {}) or by the first "
        "digits of its uuid, and `assay status` lists them",
        file, text, database.integer("SELECT COALESCE(MAX(id), 0) FROM run")));
  }
  std::vector<std::string> names;
  for (const auto& run : found) names.push_back(fmt::format("{} ({})", run.number, run.uuid));
  throw Error(fmt::format("{}: '{}' fits {} runs; give more digits of one of: {}", file, text,
                          found.size(), fmt::join(names, ", ")));
}

std::vector<RunRow> runs(const Database& database, const RunFilter& filter) {
  std::vector<std::string> conditions;
  std::vector<std::variant<std::string>> parameters;
  if (!filter.experiments.empty()) {
    std::vector<std::string> marks;  // numbered, so that each is bound once for both columns
    for (std::size_t i = 1; i <= filter.experiments.size(); ++i)
      marks.push_back(fmt::format("?{}", i));
    conditions.push_back(fmt::format("(e.name IN ({0}) OR e.id IN ({0}))", fmt::join(marks, ", ")));
    parameters.insert(parameters.end(), filter.experiments.begin(), filter.experiments.end());
  }
  if (!filter.uuid.empty()) {
    conditions.emplace_back("r.uuid = ?");
    parameters.emplace_back(filter.uuid);
  }
  auto query =
      select_runs(database, fmt::format("{}{} ORDER BY r.id", conditions.empty() ? "" : "WHERE ",
                                        fmt::join(conditions, " AND ")));
  query.bind_all(std::span(std::as_const(parameters)));
  auto found = read_runs(database, query);
  // A dead run's status is not what its column says.
  std::erase_if(found, [&](const RunRow& run) {
    return !filter.status.empty() && run.status != filter.status;
  });
  return found;
}

std::vector<RunRow> running_runs(const Database& database) {
  return runs_with_status(database, "running");
}

std::vector<RunRow> interrupted_runs(const Database& database) {
  return runs_with_status(database, "interrupted");
}

std::optional<RunRow> find_complete(const Database& database, const std::string& experiment_id,
                                    const Circumstances& at) {
  return first_of(runs_at(database, "experiment_id", experiment_id, at, "complete"));
}

std::optional<RunRow> find_interrupted(const Database& database, const std::string& experiment_id,
                                       const Circumstances& at) {
  return first_of(runs_at(database, "experiment_id", experiment_id, at, "interrupted"));
}

std::vector<RunRow> find_trained(const Database& database, const std::string& training_id,
                                 const Circumstances& at) {
  auto found = runs_at(database, "training_id", training_id, at, "complete");
  std::erase_if(found, [](const RunRow& run) { return run.parent_uuid.has_value(); });
  return found;
}

std::optional<RunRow> find_running(const Database& database, const std::string& experiment_id,
                                   const Circumstances& at) {
  return first_of(runs_at(database, "experiment_id", experiment_id, at, "running"));
}

std::string definition_of(const Database& database, const RunRow& run) {
  if (version_of(database) >= kIdentityVersion) {
    auto query = database.prepare("SELECT definition FROM run WHERE id = ?");
    query.bind(run.number);
    if (query.step() && !query.is_null(0)) return query.text(0);
  }
  return experiment_of(database, run.experiment_id).definition;
}

std::vector<LastResult> last_results(const Database& database) {
  const auto hidden = hidden_runs(database);
  const std::vector<std::variant<std::string>> parameters(hidden.begin(), hidden.end());
  const std::vector<std::string> marks(hidden.size(), "?");
  auto query = select_runs(
      database,
      fmt::format("WHERE r.id IN (SELECT MAX(r2.id) FROM run r2 JOIN experiment e2 ON e2.id = "
                  "r2.experiment_id WHERE r2.status = 'complete' AND r2.uuid NOT IN ({}) GROUP BY "
                  "e2.name) ORDER BY e.name",
                  fmt::join(marks, ", ")));
  query.bind_all(std::span(parameters));
  std::vector<LastResult> results;
  while (query.step()) {
    const RunRow run = read_run(database, query);
    results.push_back({run, final_metrics_of(database, run.number)});
  }
  return results;
}

ExperimentRow experiment_of(const Database& database, std::string_view id) {
  auto query = database.prepare("SELECT id, name, family, definition FROM experiment WHERE id = ?");
  query.bind(id);
  if (query.step()) return {query.text(0), query.text(1), query.text(2), query.text(3)};
  throw Error(
      fmt::format("{}: the definition {} is missing; the database is damaged, restore a copy",
                  database.file().string(), id),
      ExitCode::kDamaged);
}

MachineRow machine_of(const Database& database, std::int64_t id) {
  auto q = database.prepare(
      "SELECT cpu, flags, cores, memory, gpu, driver, os, compiler, libtorch FROM machine WHERE id "
      "= ?");
  q.bind(id);
  if (q.step()) {
    return {q.text(0), q.text(1), q.integer(2), q.integer(3), q.text(4),
            q.text(5), q.text(6), q.text(7),    q.text(8)};
  }
  throw Error(fmt::format("{}: machine {} is missing; the database is damaged, restore a copy",
                          database.file().string(), id),
              ExitCode::kDamaged);
}

std::vector<MetricKind> metric_kinds_of(const Database& database) {
  if (version_of(database) < kWithMetricKinds) return {};
  auto q = database.prepare("SELECT name, better, unit, meaning FROM metric_kind ORDER BY name");
  std::vector<MetricKind> kinds;
  while (q.step()) {
    const Better better = q.text(1) == "lower" ? Better::kLower : Better::kHigher;
    kinds.push_back({q.text(0), better, q.text(2), q.text(3)});
  }
  return kinds;
}

std::vector<VerdictRow> verdicts(const Database& database, std::string_view suite) {
  auto q = database.prepare(
      "SELECT suite, kind, subject, outcome, effect, low, high, p, n_a, n_b, detail, at FROM "
      "verdict "
      "WHERE ?1 = '' OR suite = ?1 ORDER BY id");
  q.bind(suite);
  const auto real = [&](int c) { return q.is_null(c) ? std::nullopt : std::optional(q.real(c)); };
  const auto count = [&](int c) {
    return q.is_null(c) ? std::nullopt : std::optional(q.integer(c));
  };
  std::vector<VerdictRow> found;
  while (q.step()) {
    found.push_back({q.text(0), q.text(1), q.text(2), q.text(3), real(4), real(5), real(6), real(7),
                     count(8), count(9), q.text(10), q.text(11)});
  }
  return found;
}

}  // namespace assay
