// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "results/example_runs.h"
#include "results/file_lock.h"
#include "results/integrity.h"
#include "results/prune.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;

/// Watches every connection that is opened while it lives: writes down each statement that changes
/// a database, and whether the writers' lock was held when it began.
class StatementWatch {
 public:
  explicit StatementWatch(std::filesystem::path database) {
    lock_ = checkpoints_folder(database) / ".writers.lock";
    written.clear();
    unlocked.clear();
    not_alone.clear();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(attach));
  }
  ~StatementWatch() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(attach)); }
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;

  static inline std::vector<std::string> written;    // all
  static inline std::vector<std::string> unlocked;   // while nobody held the lock
  static inline std::vector<std::string> not_alone;  // while other writers could have held it too

 private:
  static int attach(sqlite3* connection, const char**, const sqlite3_api_routines*) {
    return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, look, nullptr);
  }
  static int look(unsigned, void*, void* statement, void*) {
    auto* prepared = static_cast<sqlite3_stmt*>(statement);
    if (sqlite3_stmt_readonly(prepared) != 0) return 0;
    const std::string sql = sqlite3_sql(prepared);
    written.push_back(sql);
    if (!FileLock::is_held(lock_)) not_alone.push_back(sql);
    if (FileLock::try_lock(lock_, FileLock::Mode::kExclusive)) unlocked.push_back(sql);
    return 0;
  }

  static inline std::filesystem::path lock_;
};

// Two complete runs of which the second loses a picture.
void fill(Database& database) {
  for (const std::uint64_t seed : {0, 1}) test::complete_run(database, seed);
}

TEST(WritersLock, IsHeldWheneverAWriterWrites) {
  const TemporaryFolder folder;
  const StatementWatch watch(folder / "a.sqlite");
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    fill(database);
    const NewRun abandoned = test::example_run(database, 2);
    begin_run(database, abandoned);
    EXPECT_EQ(mark_abandoned(database), 1);
    resume_run(database, 3, std::nullopt);
    add_verdicts(database, {{"demo", "claim", "a", "holds"}});
    EXPECT_EQ(prune_pictures(database).pictures, 1);
    database.fold_log(0);
  }
  EXPECT_THAT(StatementWatch::written, testing::Contains("VACUUM"));
  EXPECT_THAT(StatementWatch::unlocked, testing::IsEmpty());
}

// SQLite's log may be reset by VACUUM, which is safe only while nobody else writes or folds it in.
TEST(WritersLock, KeepsEveryOtherWriterOutOfAVacuum) {
  const TemporaryFolder folder;
  const StatementWatch watch(folder / "a.sqlite");
  auto database = Database::open_for_writing(folder / "a.sqlite");
  fill(database);
  prune_pictures(database);
  EXPECT_THAT(StatementWatch::written, testing::Contains("VACUUM"));
  EXPECT_THAT(StatementWatch::not_alone, testing::Not(testing::Contains("VACUUM")));
}

constexpr std::uint64_t kRunsEach = 15;

pid_t writer_in_a_child(const std::filesystem::path& file) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    auto database = Database::open_for_writing(file);
    for (std::uint64_t seed = 0; seed < kRunsEach; ++seed) {
      test::complete_run(database, seed);
      database.fold_log(0);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

TEST(WritersLock, LetsAnotherProcessWriteWhilePicturesArePruned) {
  const TemporaryFolder folder;
  const auto file = folder / "a.sqlite";
  { auto database = Database::open_for_writing(file); }
  const pid_t child = writer_in_a_child(file);
  std::int64_t pruned = 0;
  int status = -1;
  {
    auto database = Database::open_for_writing(file);
    for (std::uint64_t seed = 0; seed < kRunsEach; ++seed) {
      test::complete_run(database, 100 + seed);
      pruned += prune_pictures(database).pictures;
    }
    ::waitpid(child, &status, 0);
    pruned += prune_pictures(database).pictures;
  }
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(check_database(file).empty());
  const auto database = Database::open_for_reading(file);
  constexpr std::int64_t kRuns = 2 * kRunsEach;
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM run WHERE status = 'complete'"), kRuns);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM series"), kRuns * 100);
  // Each run has two pictures; of every seed but the lowest one stays.
  EXPECT_EQ(pruned, kRuns - 1);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM artifact"), kRuns + 1);
}

}  // namespace
}  // namespace assay
