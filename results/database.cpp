// SPDX-License-Identifier: Apache-2.0
#include "results/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"
#include "results/file_system.h"
#include "results/migrate.h"

namespace assay {
namespace {

constexpr int kBusyMilliseconds = 30'000;

std::filesystem::path writers_lock(const std::filesystem::path& database) {
  return checkpoints_folder(database) / ".writers.lock";
}

void make_parent_folder(const std::filesystem::path& file) {
  std::error_code problem;
  std::filesystem::create_directories(file.parent_path(), problem);
  if (problem) {
    throw Error(fmt::format("{}: the folder cannot be made: {}; name another database with --db",
                            file.parent_path().string(), problem.message()));
  }
}

// What is there and is no file: SQLite would leave a journal beside a device.
void refuse_folder(const std::filesystem::path& file) {
  std::error_code problem;
  if (std::filesystem::is_directory(file, problem)) {
    throw Error(fmt::format("{}: is a folder; name a database file with --db", file.string()));
  }
  if (is_stream(file)) {
    throw Error(
        fmt::format("{}: is a device or a pipe; name a database file with --db", file.string()));
  }
}

// A file that never was a database is a wrong name, not a damaged one. One whose first bytes are
// nearly those of a database, or that has weights beside it, was one.
void refuse_other_file(const std::filesystem::path& file) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::string first(kMagic.size(), '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(first.data(), static_cast<std::streamsize>(first.size()));
  const auto length = static_cast<std::size_t>(in.gcount());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < length; ++i) equal += first[i] == kMagic[i];
  // SQLite takes so short a file for an empty one.
  if (length > 0 && length < kMagic.size() && equal == length) {
    throw Error(fmt::format("{}: is cut short; restore a copy of the database", file.string()),
                ExitCode::kDamaged);
  }
  std::error_code problem;
  if (2 * equal >= length || std::filesystem::is_directory(checkpoints_folder(file), problem))
    return;
  throw Error(fmt::format("{}: is no database; name a database file with --db", file.string()));
}

std::uintmax_t size_or_zero(const std::filesystem::path& file) {
  std::error_code problem;
  const auto size = std::filesystem::file_size(file, problem);
  return problem ? 0 : size;
}

std::filesystem::path log_of(const std::filesystem::path& database) {
  auto log = database;
  return log += "-wal";
}

}  // namespace

std::filesystem::path checkpoints_folder(const std::filesystem::path& database) {
  auto folder = database;
  return folder += ".checkpoints";
}

Database::Database(const std::filesystem::path& file, int flags) : file_(file) {
  const int code =
      sqlite3_open_v2(file_.c_str(), &connection_, flags | SQLITE_OPEN_EXRESCODE, nullptr);
  try {
    if (code != SQLITE_OK) throw_sqlite_error(connection_, file_);
    sqlite3_busy_timeout(connection_, kBusyMilliseconds);
    execute("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  } catch (...) {
    sqlite3_close_v2(connection_);
    throw;
  }
}

Database Database::open_for_writing(const std::filesystem::path& given) {
  const auto file = absolute_path(without_links(given));
  refuse_folder(file);
  make_parent_folder(file);
  require_local_file_system(file);
  refuse_other_file(file);
  // Exclusive: of several processes that start on a new file, one makes the schema and the others
  // find it.
  const FileLock lock(writers_lock(file), FileLock::Mode::kExclusive);
  Database database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  refuse_newer(database);
  refuse_foreign(database);
  database.execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
  migrate(database);
  // Only now: closing a writer takes the lock that is held here.
  database.writable_ = true;
  return database;
}

Database Database::open_for_reading(const std::filesystem::path& given) {
  const auto file = absolute_path(without_links(given));
  if (!path_exists(file)) {
    throw Error(fmt::format(
        "{0}: no such database; `assay run EXPERIMENT --smoke --db {0}` makes one in seconds, or "
        "name another one with --db",
        given.string()));
  }
  refuse_folder(file);
  refuse_other_file(file);
  Database database(file, SQLITE_OPEN_READONLY);
  database.execute("PRAGMA query_only = ON");
  require_readable(database);
  return database;
}

Database::Database(Database&& other) noexcept
    : file_(other.file_),
      connection_(std::exchange(other.connection_, nullptr)),
      writable_(other.writable_) {}

Database::~Database() {
  if (connection_ == nullptr) return;
  if (writable_) {
    close_as_one_file();
  } else {
    sqlite3_close_v2(connection_);
  }
}

// Back to a rollback journal at the end: a database left in WAL mode makes every later reader
// create log files beside it. Fails harmlessly while another connection is open; the last one to
// close succeeds.
void Database::close_as_one_file() noexcept {
  try {
    const FileLock lock(writers_lock(file_), FileLock::Mode::kExclusive);
    sqlite3_busy_timeout(connection_, 200);
    sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_exec(connection_, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
    sqlite3_close_v2(connection_);
  } catch (const std::exception&) {
    // Without the lock nothing may be folded in; the log stays and is replayed at the next open.
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_close_v2(connection_);
  }
}

Statement Database::prepare(std::string_view sql) const { return {connection_, &file_, sql}; }

void Database::execute(std::string_view script) {
  const int code =
      sqlite3_exec(connection_, std::string(script).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_sqlite_error(connection_, file_);
}

std::int64_t Database::integer(std::string_view sql) const {
  auto statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(connection_); }

void Database::fold_log(std::uintmax_t limit_bytes) {
  if (!writable_ || size_or_zero(log_of(file_)) <= limit_bytes) return;
  const auto lock = FileLock::try_lock(writers_lock(file_), FileLock::Mode::kExclusive);
  if (!lock) return;
  // Readers on an old snapshot may keep part of the log alive: not worth stopping the writers for.
  sqlite3_busy_timeout(connection_, 200);
  sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(connection_, kBusyMilliseconds);
}

void Database::vacuum() {
  const FileLock lock(writers_lock(file_), FileLock::Mode::kExclusive);
  execute("VACUUM");
}

Transaction::Transaction(Database& database)
    : database_(database), lock_(writers_lock(database.file()), FileLock::Mode::kShared) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.connection_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace assay
