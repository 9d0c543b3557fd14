// SPDX-License-Identifier: Apache-2.0
#include "results/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "results/example_runs.h"
#include "results/integrity.h"
#include "results/prune.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Merge : public ::testing::Test {
 protected:
  void add(const std::string& file, std::uint64_t seed) {
    auto database = Database::open_for_writing(folder / file);
    test::complete_run(database, seed);
  }
  Merged into(const std::string& target, const std::string& source,
              const MergeSelection& selection = {}) {
    auto database = Database::open_for_writing(folder / target);
    return merge(database, folder / source, selection);
  }
  std::vector<RunRow> runs_in(const std::string& file) {
    return runs(Database::open_for_reading(folder / file));
  }
  std::int64_t count(const std::string& file, const std::string& table) {
    return Database::open_for_reading(folder / file).integer("SELECT COUNT(*) FROM " + table);
  }

  TemporaryFolder folder;
};

TEST_F(Merge, UnitesAllRowsAndASecondTimeChangesNothing) {
  add("a.sqlite", 0);
  add("a.sqlite", 1);
  add("b.sqlite", 2);
  EXPECT_EQ(into("all.sqlite", "a.sqlite").runs, 2);
  EXPECT_EQ(into("all.sqlite", "b.sqlite").runs, 1);
  for (const char* table : {"series", "metric", "artifact", "event", "throughput", "checkpoint"}) {
    EXPECT_EQ(count("all.sqlite", table), count("a.sqlite", table) + count("b.sqlite", table))
        << table;
    EXPECT_GT(count("all.sqlite", table), 0) << table;
  }
  EXPECT_EQ(count("all.sqlite", "experiment"), count("a.sqlite", "experiment"));
  const Merged again = into("all.sqlite", "a.sqlite");
  EXPECT_EQ(again.runs + again.renewed + again.verdicts, 0);
  EXPECT_EQ(again.known, 2);
  EXPECT_EQ(count("all.sqlite", "run"), 3);
  EXPECT_EQ(count("all.sqlite", "series"),
            count("a.sqlite", "series") + count("b.sqlite", "series"));
  EXPECT_THAT(check_database(folder / "all.sqlite"), IsEmpty()) << "digests and weights fit";
}

TEST_F(Merge, RunsKeepWhatTheyAre) {
  add("a.sqlite", 7);
  add("all.sqlite", 1);
  into("all.sqlite", "a.sqlite");
  const auto found = runs_in("all.sqlite");
  const auto original = runs_in("a.sqlite").front();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[1].uuid, original.uuid);
  EXPECT_EQ(found[1].number, 2) << "numbers are the database's own";
  EXPECT_EQ(found[1].rows_digest, original.rows_digest);
  EXPECT_EQ(found[1].started_at, original.started_at);
  const auto all = Database::open_for_reading(folder / "all.sqlite");
  for (const auto& checkpoint : checkpoints_of(all, 2)) {
    EXPECT_TRUE(std::filesystem::exists(checkpoint.file)) << checkpoint.file;
  }
}

TEST_F(Merge, TakesASelectionWithoutItsWeights) {
  add("a.sqlite", 0);
  add("a.sqlite", 1);
  EXPECT_EQ(into("b.sqlite", "a.sqlite", {std::set<std::int64_t>{2}, false, false}).runs, 1);
  EXPECT_EQ(runs_in("b.sqlite").front().seed, 1U);
  EXPECT_THAT(check_database(folder / "b.sqlite"), IsEmpty()) << "as a copy without checkpoints";
}

TEST_F(Merge, VerdictsAreKnownByTheirUuid) {
  add("a.sqlite", 0);
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    add_verdicts(database, {{"demo", "claim", "x beats y", "holds"}});
    // As an older assay wrote it.
    add_verdicts(database, {{"demo", "claim", "x beats z", "holds"}});
    database.execute("UPDATE verdict SET uuid = NULL WHERE id = 2");
  }
  EXPECT_EQ(into("b.sqlite", "a.sqlite").verdicts, 2);
  EXPECT_EQ(into("b.sqlite", "a.sqlite").verdicts, 0);
}

TEST_F(Merge, RefusesOtherRowsUnderOneUuid) {
  add("a.sqlite", 0);
  into("b.sqlite", "a.sqlite");
  {
    auto database = Database::open_for_writing(folder / "b.sqlite");
    database.execute("UPDATE run SET rows_digest = 'x'");
  }
  EXPECT_THAT([&] { into("b.sqlite", "a.sqlite"); },
              testing::ThrowsMessage<Error>(HasSubstr("other rows in each")));
}

TEST_F(Merge, KnowsARunWhosePicturesWerePruned) {
  add("a.sqlite", 0);
  add("a.sqlite", 1);
  into("all.sqlite", "a.sqlite");
  {
    auto database = Database::open_for_writing(folder / "all.sqlite");
    ASSERT_GT(prune_pictures(database).pictures, 0);
  }
  EXPECT_EQ(into("all.sqlite", "a.sqlite").known, 2);
  EXPECT_EQ(into("a.sqlite", "all.sqlite").known, 2);
  // But not one whose numbers are others.
  {
    auto database = Database::open_for_writing(folder / "all.sqlite");
    database.execute("UPDATE series SET value = value + 1 WHERE run_id = 2");
  }
  EXPECT_THROW(into("all.sqlite", "a.sqlite"), Error);
}

TEST_F(Merge, RefusesASourceThatWasChanged) {
  add("a.sqlite", 0);
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    database.execute("UPDATE metric SET value = 1");
  }
  EXPECT_THAT([&] { into("b.sqlite", "a.sqlite"); },
              testing::ThrowsMessage<Error>(HasSubstr("was changed after it was written")));
  EXPECT_THAT(runs_in("b.sqlite"), IsEmpty());
}

TEST_F(Merge, LeavesARunThatIsAtWorkUntilItHasEnded) {
  add("a.sqlite", 0);
  std::optional<RunLock> at_work;
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    const NewRun begun = test::example_run(database, 1);
    begin_run(database, begun);
    at_work.emplace(folder / "a.sqlite", begun.uuid);
  }
  const Merged first = into("all.sqlite", "a.sqlite");
  EXPECT_EQ(first.runs, 1);
  ASSERT_THAT(first.left, SizeIs(1));
  EXPECT_THAT(first.left[0], HasSubstr("still running"));
  at_work.reset();
  const Merged second = into("all.sqlite", "a.sqlite");
  EXPECT_EQ(second.runs, 1) << "interrupted now, and taken as that";
  EXPECT_THAT(second.left, IsEmpty());
}

TEST_F(Merge, OfADatabaseIntoItselfChangesNothing) {
  add("a.sqlite", 0);
  EXPECT_EQ(into("a.sqlite", "a.sqlite").runs, 0);
  EXPECT_THAT(runs_in("a.sqlite"), SizeIs(1));
}

}  // namespace
}  // namespace assay
