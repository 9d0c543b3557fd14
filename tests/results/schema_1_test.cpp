// SPDX-License-Identifier: Apache-2.0
// A small database that commit 2063405 wrote with schema 1, before runs knew their own text, data
// and code: run 1 is complete, run 2 interrupted at 478500 images.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "results/example_runs.h"
#include "results/integrity.h"
#include "results/migrate.h"
#include "results/queries.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

using testing::IsEmpty;

class Schema1 : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path kept = ASSAY_SOURCE_DIR "/tests/results/schema_1";
    std::filesystem::copy(kept, file_.parent_path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
  }
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "v1.sqlite";
};

TEST_F(Schema1, IsReadWithoutAByteBeingWritten) {
  const std::string before = read_file(file_);
  {
    const Database database = Database::open_for_reading(file_);
    const auto all = runs(database);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].status, "complete");
    EXPECT_EQ(all[1].status, "interrupted");
    EXPECT_EQ(all[0].training_id, std::nullopt);
    EXPECT_EQ(all[0].data_digest, std::nullopt);
    EXPECT_FALSE(metrics_of(database, 1).empty());
    EXPECT_EQ(definition_of(database, all[0]),
              experiment_of(database, all[0].experiment_id).definition);
    EXPECT_FALSE(find_complete(database, all[0].experiment_id, {0, "", "", "cpu", 1, false}));
  }
  EXPECT_THAT(check_database(file_), IsEmpty());
  EXPECT_EQ(read_file(file_), before);
}

TEST_F(Schema1, AWriterBringsItUpToDateAndKnowsNoMoreOfItsRows) {
  { Database::open_for_writing(file_); }
  const Database database = Database::open_for_reading(file_);
  EXPECT_EQ(version_of(database), schema_version());
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM run WHERE definition IS NOT NULL"), 0);
  for (const RunRow& row : runs(database)) {
    EXPECT_EQ(definition_of(database, row), experiment_of(database, row.experiment_id).definition);
    EXPECT_EQ(row.code_digest, std::nullopt);
    EXPECT_EQ(row.weights_sha256, std::nullopt);
  }
  EXPECT_THAT(check_database(file_), IsEmpty()) << "the digests of old rows still hold";
}

TEST_F(Schema1, ARunOfItGoesOnFromItsCheckpoint) {
  Database database = Database::open_for_writing(file_);
  const auto checkpoints = checkpoints_of(database, 2);
  ASSERT_FALSE(checkpoints.empty());
  EXPECT_EQ(checkpoints.front().images_seen, 478500);
  EXPECT_TRUE(std::filesystem::exists(checkpoints.front().file));
  resume_run(database, 2, 478500);
  EXPECT_EQ(resumed_at(database, 2), std::vector<std::int64_t>{478500});
}

TEST_F(Schema1, AFlippedValueOfAnOldRowIsFound) {
  Database::open_for_writing(file_).execute("UPDATE run SET wall_seconds = 9 WHERE id = 1");
  EXPECT_FALSE(check_database(file_).empty());
}

}  // namespace
}  // namespace assay
