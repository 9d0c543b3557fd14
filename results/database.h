// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "results/file_lock.h"
#include "results/statement.h"

namespace assay {

/// `<database>.checkpoints`: locks and the runs' checkpoints lie here.
std::filesystem::path checkpoints_folder(const std::filesystem::path& database);

/// A connection to one results database.
///
/// Writers use the write-ahead log with synchronous=FULL: what a committed transaction wrote
/// survives a crash and a power cut. SQLite up to 3.51.2 can damage a database when two connections
/// reset the log and checkpoint it at the same moment. So the log is folded in only under an
/// exclusive lock on `<database>.checkpoints/.writers.lock`, which every writer holds shared while
/// it commits; SQLite's own automatic checkpoints are off. The last writer to close leaves one
/// file. One connection belongs to one thread.
class Database {
 public:
  /// Makes the file if needed and brings its schema to this program's version. Throws Error: a
  /// damaged file (exit 4), one of a newer assay or on a file system that is not known to be local
  /// (exit 2), no room (exit 3).
  static Database open_for_writing(const std::filesystem::path& file);
  /// Read-only, of this schema version or an older one; sees a consistent state while others write.
  /// Throws Error if the file is missing (exit 2), damaged (exit 4), or of a newer assay (exit 2).
  static Database open_for_reading(const std::filesystem::path& file);

  Database(Database&& other) noexcept;
  Database& operator=(Database&&) = delete;
  ~Database();

  const std::filesystem::path& file() const { return file_; }
  Statement prepare(std::string_view sql) const;
  /// Runs a script of statements without parameters.
  void execute(std::string_view script);
  /// First column of the first row of a query without parameters.
  std::int64_t integer(std::string_view sql) const;
  std::int64_t last_row() const;

  /// Moves the write-ahead log into the database if it is over `limit_bytes` and no writer is
  /// committing.
  void fold_log(std::uintmax_t limit_bytes = std::uintmax_t{8} << 20);

  /// Writes the database anew, so that the room of deleted rows is given back. Waits until no
  /// writer commits and keeps all of them out meanwhile.
  void vacuum();

 private:
  friend class Transaction;
  Database(const std::filesystem::path& file, int flags);
  void close_as_one_file() noexcept;

  std::filesystem::path file_;
  sqlite3* connection_ = nullptr;
  bool writable_ = false;
};

/// BEGIN IMMEDIATE … COMMIT under the shared writers' lock. Rolled back by the destructor unless
/// committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
  FileLock lock_;
  bool open_ = true;
};

}  // namespace assay
