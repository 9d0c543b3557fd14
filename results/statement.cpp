// SPDX-License-Identifier: Apache-2.0
#include "results/statement.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/error.h"

namespace assay {

void throw_sqlite_error(sqlite3* connection, const std::filesystem::path& file) {
  const int code = sqlite3_errcode(connection);
  const std::string why = sqlite3_errmsg(connection);
  const auto error = [&](std::string_view what, std::string_view next, ExitCode exit) {
    return Error(fmt::format("{}: {}: {}; {}", file.string(), what, why, next), exit);
  };
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      throw error("the database is damaged, or not an assay database",
                  "restore a copy, or name another one with --db", ExitCode::kDamaged);
    case SQLITE_FULL:
      throw error("the disk is full", "free some space, then `assay resume`", ExitCode::kRunFailed);
    case SQLITE_IOERR:
      throw error("reading or writing the database failed",
                  "check the disk and its free space, then `assay resume`", ExitCode::kRunFailed);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw error("another program has kept the database locked for 30 s",
                  "end that program, then `assay resume`", ExitCode::kRunFailed);
    case SQLITE_NOMEM:
      throw error("out of memory", "free some memory, then `assay resume`", ExitCode::kRunFailed);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      throw error("the database cannot be opened or written",
                  "check its permissions, or name another one with --db", ExitCode::kUsage);
    default:
      throw std::logic_error(fmt::format("{}: SQLite says {} (code {})", file.string(), why, code));
  }
}

Statement::Statement(sqlite3* connection, const std::filesystem::path* file, std::string_view sql)
    : connection_(connection), file_(file) {
  check(sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()), &statement_,
                           nullptr));
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      file_(other.file_),
      statement_(std::exchange(other.statement_, nullptr)) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw_sqlite_error(connection_, *file_);
}

void Statement::bind_integer(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, index + 1, value));
}

void Statement::bind_real(int index, double value) {
  // SQLite stores NaN as NULL without a word; callers keep non-finite values in a kind column.
  if (std::isnan(value)) throw std::logic_error("NaN bound to an SQL parameter");
  check(sqlite3_bind_double(statement_, index + 1, value));
}

void Statement::bind_text(int index, std::string_view value) {
  check(sqlite3_bind_text64(statement_, index + 1, value.data() ? value.data() : "", value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_null(int index) { check(sqlite3_bind_null(statement_, index + 1)); }

void Statement::bind_bytes(int index, std::string_view bytes) {
  check(sqlite3_bind_blob64(statement_, index + 1, bytes.data() ? bytes.data() : "", bytes.size(),
                            SQLITE_TRANSIENT));
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) throw_sqlite_error(connection_, *file_);
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Statement::is_null(int column) const { return column_type(column) == SQLITE_NULL; }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Statement::text(int column) const {
  const void* bytes = column_type(column) == SQLITE_BLOB
                          ? sqlite3_column_blob(statement_, column)
                          : static_cast<const void*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

int Statement::columns() const { return sqlite3_column_count(statement_); }

std::string_view Statement::column_name(int column) const {
  return sqlite3_column_name(statement_, column);
}

int Statement::column_type(int column) const { return sqlite3_column_type(statement_, column); }

void Statement::copy_value(int index, const Statement& row, int column) {
  check(sqlite3_bind_value(statement_, index + 1, sqlite3_column_value(row.statement_, column)));
}

}  // namespace assay
