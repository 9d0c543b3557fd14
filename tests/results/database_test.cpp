// SPDX-License-Identifier: Apache-2.0
#include "results/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "core/error.h"
#include "core/file.h"
#include "results/example_runs.h"
#include "results/migrate.h"
#include "results/row_writer.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  throw std::runtime_error("no Error was thrown");
}

TEST(Database, IsOneFileAfterAWriterCloses) {
  TemporaryFolder folder;
  { auto database = Database::open_for_writing(folder / "a.sqlite"); }
  EXPECT_TRUE(std::filesystem::exists(folder / "a.sqlite"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.sqlite-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.sqlite-shm"));
}

TEST(Database, HasOneNameHoweverManyLinksLeadToIt) {
  TemporaryFolder folder;
  { auto database = Database::open_for_writing(folder / "a.sqlite"); }
  std::filesystem::create_symlink(folder / "a.sqlite", folder / "b.sqlite");
  EXPECT_EQ(Database::open_for_writing(folder / "b.sqlite").file(),
            Database::open_for_reading(folder / "a.sqlite").file());
}

TEST(Database, AFileThatNeverWasOneIsAWrongNameAndNotADamagedDatabase) {
  TemporaryFolder folder;
  write_file_atomically(folder / "notes.txt", "what I did on Monday, in some detail\n");
  for (const auto& open : {Database::open_for_reading, Database::open_for_writing}) {
    const Error error = error_of([&] { open(folder / "notes.txt"); });
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("is no database"));
  }
  EXPECT_EQ(read_file(folder / "notes.txt"), "what I did on Monday, in some detail\n");
}

TEST(Database, OfAnotherProgramIsRefusedAndStaysAsItIs) {
  TemporaryFolder folder;
  test::other_programs_database(folder / "other.sqlite");
  const std::string before = read_file(folder / "other.sqlite");
  for (const auto& open : {Database::open_for_reading, Database::open_for_writing}) {
    EXPECT_EQ(error_of([&] { open(folder / "other.sqlite"); }).code(), ExitCode::kUsage);
  }
  EXPECT_TRUE(read_file(folder / "other.sqlite") == before);
}

TEST(Database, WithABrokenFirstByteOrAnEmptiedHeadIsDamaged) {
  TemporaryFolder folder;
  { auto database = Database::open_for_writing(folder / "a.sqlite"); }
  const std::string whole = read_file(folder / "a.sqlite");
  std::string broken = whole;
  broken[0] = 'X';
  std::filesystem::create_directory(folder / "alone");
  write_file_atomically(folder / "alone" / "a.sqlite", broken);
  EXPECT_EQ(error_of([&] { Database::open_for_reading(folder / "alone" / "a.sqlite"); }).code(),
            ExitCode::kDamaged);
  // Weights lie beside it, so it was one.
  broken = std::string(16, '\0') + whole.substr(16);
  write_file_atomically(folder / "a.sqlite", broken);
  EXPECT_EQ(error_of([&] { Database::open_for_reading(folder / "a.sqlite"); }).code(),
            ExitCode::kDamaged);
}

TEST(Database, StaysOneFileAfterAReaderLooked) {
  TemporaryFolder folder;
  { auto database = Database::open_for_writing(folder / "a.sqlite"); }
  { auto database = Database::open_for_reading(folder / "a.sqlite"); }
  EXPECT_FALSE(std::filesystem::exists(folder / "a.sqlite-wal"));
}

TEST(Database, KeepsTheLogForAConnectionThatIsStillOpen) {
  TemporaryFolder folder;
  auto second = Database::open_for_writing(folder / "a.sqlite");
  {
    auto first = Database::open_for_writing(folder / "a.sqlite");
    test::complete_run(first, 1);
  }
  test::complete_run(second, 2);
  EXPECT_EQ(second.integer("SELECT COUNT(*) FROM run"), 2);
}

TEST(Database, SyncsEveryCommitAndNeverCheckpointsByItself) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  EXPECT_EQ(database.integer("PRAGMA synchronous"), 2);  // FULL
  EXPECT_EQ(database.integer("PRAGMA wal_autocheckpoint"), 0);
  EXPECT_EQ(database.integer("PRAGMA foreign_keys"), 1);
}

TEST(Database, FoldsALargeLogIn) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  test::complete_run(database, 0);
  ASSERT_GT(std::filesystem::file_size(folder / "a.sqlite-wal"), 1000U);
  database.fold_log(1000);
  EXPECT_EQ(std::filesystem::file_size(folder / "a.sqlite-wal"), 0U);
}

TEST(Database, LeavesTheLogAloneWhileAnotherWriterCommits) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  test::complete_run(database, 0);
  const auto size = std::filesystem::file_size(folder / "a.sqlite-wal");
  const FileLock other(checkpoints_folder(database.file()) / ".writers.lock",
                       FileLock::Mode::kShared);
  database.fold_log(1000);
  EXPECT_EQ(std::filesystem::file_size(folder / "a.sqlite-wal"), size);
}

TEST(Database, MissingFileIsAUsageErrorThatSaysWhatToDo) {
  TemporaryFolder folder;
  const Error error = error_of([&] { Database::open_for_reading(folder / "none.sqlite"); });
  EXPECT_EQ(error.code(), ExitCode::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("none.sqlite"));
  EXPECT_THAT(error.what(), HasSubstr("assay run EXPERIMENT --smoke --db"));
}

TEST(Database, LinksInACircleAreAUsageError) {
  TemporaryFolder folder;
  std::filesystem::create_symlink("a.sqlite", folder / "a.sqlite");
  const Error reading = error_of([&] { Database::open_for_reading(folder / "a.sqlite"); });
  EXPECT_EQ(reading.code(), ExitCode::kUsage);
  EXPECT_THAT(reading.what(), HasSubstr("Too many levels of symbolic links"));
  const Error writing = error_of([&] { Database::open_for_writing(folder / "a.sqlite"); });
  EXPECT_EQ(writing.code(), ExitCode::kUsage);
}

TEST(Database, NewerSchemaIsRefusedKindly) {
  TemporaryFolder folder;
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    database.execute("PRAGMA user_version = 99");
  }
  const Error error = error_of([&] { Database::open_for_writing(folder / "a.sqlite"); });
  EXPECT_EQ(error.code(), ExitCode::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("newer assay"));
  EXPECT_EQ(error_of([&] { Database::open_for_reading(folder / "a.sqlite"); }).code(),
            ExitCode::kUsage);
}

TEST(Database, ReaderCannotWrite) {
  TemporaryFolder folder;
  { auto database = Database::open_for_writing(folder / "a.sqlite"); }
  auto reader = Database::open_for_reading(folder / "a.sqlite");
  EXPECT_THROW(reader.execute("DELETE FROM run"), Error);
}

TEST(Database, TransactionIsRolledBackUnlessCommitted) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  {
    Transaction transaction(database);
    database.execute("INSERT INTO protocol (id, fields) VALUES (printf('%064d', 1), '{}')");
  }
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM protocol"), 0);
}

TEST(Database, FullDiskIsARunFailureAndLeavesAWholeDatabase) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  test::complete_run(database, 0);
  // SQLite answers SQLITE_FULL when max_page_count is reached, as it does on a full disk.
  database.execute("PRAGMA max_page_count = 1");
  const Error error = error_of([&] {
    for (std::uint64_t seed = 1; seed < 50; ++seed) test::complete_run(database, seed);
  });
  EXPECT_EQ(error.code(), ExitCode::kRunFailed);
  EXPECT_THAT(error.what(), HasSubstr("disk is full"));
  database.execute("PRAGMA max_page_count = 100000");
  auto check = database.prepare("PRAGMA integrity_check");
  ASSERT_TRUE(check.step());
  EXPECT_EQ(check.text(0), "ok");
  test::complete_run(database, 60);
}

TEST(Database, SchemaHasAllPromisedColumns) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  for (const auto* sql :
       {"SELECT id, name, family, definition FROM experiment",
        "SELECT id, cpu, flags, gpu, driver, memory, os, compiler, libtorch FROM machine",
        "SELECT id, uuid, experiment_id, seed, commit_id, dirty, machine_id, threads, jobs, "
        "status, reason, "
        "started_at, images_seen, wall_seconds, peak_memory_bytes, state_hash, parent_uuid FROM "
        "run",
        "SELECT run_id, name, images_seen, value, kind FROM series",
        "SELECT run_id, images_seen, name, protocol_id, value, kind, standard_error FROM metric",
        "SELECT run_id, phase, images_per_second, images_per_second_mad, n FROM throughput",
        "SELECT run_id, kind, images_seen, mime, bytes FROM artifact",
        "SELECT run_id, at, images_seen, kind, text FROM event",
        "SELECT suite, kind, subject, outcome, effect, low, high, p, n_a, n_b, detail FROM "
        "verdict"}) {
    EXPECT_NO_THROW(database.prepare(sql)) << sql;
  }
}

TEST(Database, FiniteKindWithoutAValueIsRefused) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  const auto run = test::complete_run(database, 0);
  auto insert = database.prepare(
      "INSERT INTO series (run_id, name, images_seen, value, kind) VALUES (?, 'x', 1, ?, ?)");
  EXPECT_THROW(insert.bind(run, std::nullopt, "finite").run(), std::logic_error);
  insert.reset();
  EXPECT_THROW(insert.bind(run, 1.0, "nan").run(), std::logic_error);
}

TEST(Statement, RefusesToLoseANaN) {
  TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  EXPECT_THROW(database.prepare("SELECT ?").bind(std::nan("")), std::logic_error);
}

TEST(StoredNumber, KeepsWhatIsNotFiniteAsKind) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(stored_number(1.5).value, 1.5);
  EXPECT_EQ(stored_number(std::nan("")).kind, "nan");
  EXPECT_EQ(stored_number(kInfinity).kind, "+inf");
  EXPECT_EQ(stored_number(-kInfinity).kind, "-inf");
  EXPECT_FALSE(stored_number(kInfinity).value.has_value());
}

}  // namespace
}  // namespace assay
