// SPDX-License-Identifier: Apache-2.0
#include "results/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/digest.h"
#include "core/error.h"
#include "results/example_runs.h"
#include "results/queries.h"
#include "results/row_digest.h"
#include "results/row_writer.h"
#include "results/run_lock.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::ElementsAre;

class Recorder : public testing::Test {
 protected:
  TemporaryFolder folder;
  Database database = Database::open_for_writing(folder / "a.sqlite");
  NewRun run = test::example_run(database);
  RunLock lock{database.file(), run.uuid};
  std::int64_t number = begin_run(database, run);
  RunRecorder recorder{database, number};

  std::int64_t count(const std::string& table) const {
    return database.integer("SELECT COUNT(*) FROM " + table);
  }
};

TEST_F(Recorder, DoesNotLetRowsPileUpWithinASecond) {
  for (int i = 0; i < 4999; ++i) recorder.scalars({i, {{"loss", 1.0}, {"kl", 2.0}}});
  EXPECT_EQ(count("series"), 0);
  recorder.scalars({4999, {{"loss", 1.0}, {"kl", 2.0}}});
  EXPECT_EQ(count("series"), 10'000);
}

TEST_F(Recorder, WritesWhatWaitedForASecond) {
  RunRecorder::Clock::time_point now = {};
  RunRecorder timed(database, number, [&] { return now; });
  timed.scalars({1, {{"loss", 1.0}}});
  now += std::chrono::milliseconds(999);
  timed.progress({32, 5000, "train", 123.0});
  EXPECT_EQ(count("series"), 0);
  now += std::chrono::milliseconds(1);
  timed.progress({64, 5000, "train", 123.0});
  EXPECT_EQ(count("series"), 1);
  const RunRow row = find_run(database, "1");
  EXPECT_EQ(row.images_seen, 64);
  EXPECT_EQ(row.phase, "train");
  EXPECT_EQ(row.images_per_second, 123.0);
  EXPECT_DOUBLE_EQ(row.wall_seconds, 1.0);
}

TEST_F(Recorder, ReadsBackEveryNumberToTheBit) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  recorder.scalars({1, {{"a", 0.1}, {"b", -kInfinity}, {"c", std::nan("")}, {"d", 5e-324}}});
  recorder.evaluated({1, {{"fd", kInfinity, std::nan(""), {{"n_real", "10"}}}}});
  recorder.flush();
  const auto series = series_of(database, number);
  ASSERT_EQ(series.size(), 4U);
  EXPECT_EQ(series[0].value, 0.1);
  EXPECT_EQ(series[1].value, -kInfinity);
  EXPECT_TRUE(std::isnan(series[2].value));
  EXPECT_EQ(series[3].value, 5e-324);
  const auto metrics = metrics_of(database, number);
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].value, kInfinity);
  EXPECT_TRUE(std::isnan(metrics[0].standard_error));
  EXPECT_EQ(metrics[0].protocol.at("n_real"), "10");
}

TEST_F(Recorder, ProtocolIdIsTheDigestOfItsCanonicalJson) {
  const Protocol protocol = {{"n_real", "10"}, {"extractor", "pixels"}};
  recorder.evaluated({1, {{"fd", 1.0, 0.0, protocol}, {"kid", 1.0, 0.0, protocol}}});
  recorder.flush();
  EXPECT_EQ(count("protocol"), 1);
  auto query = database.prepare("SELECT id, extractor, n_real, resize FROM protocol");
  ASSERT_TRUE(query.step());
  EXPECT_EQ(query.text(0), sha256_hex(R"({"extractor":"pixels","n_real":"10"})"));
  EXPECT_EQ(query.text(1), "pixels");
  EXPECT_EQ(query.text(2), "10");
  EXPECT_TRUE(query.is_null(3));
}

TEST_F(Recorder, CheckpointWritesAllRowsBeforeItAndKeepsTwoFiles) {
  for (const std::int64_t at : {100, 200, 300, 400}) {
    recorder.scalars({at, {{"loss", 1.0}}});
    recorder.checkpointed(test::example_checkpoint(database, run.uuid, at));
    EXPECT_EQ(count("series"), at / 100);
  }
  const auto kept = checkpoints_of(database, number);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].images_seen, 400);
  EXPECT_EQ(kept[1].images_seen, 300);
  EXPECT_EQ(sha256_of_file(kept[0].file), kept[0].sha256);
  const auto files = run_folder(database.file(), run.uuid);
  EXPECT_FALSE(std::filesystem::exists(files / "checkpoint-100.bin"));
  EXPECT_FALSE(std::filesystem::exists(files / "checkpoint-200.bin"));
  EXPECT_TRUE(std::filesystem::exists(files / "checkpoint-300.bin"));
}

TEST_F(Recorder, FinishAddsWallTimeAndKeepsThePeak) {
  recorder.finished({"interrupted", "Ctrl-C", 1000, "", 10.0, 500});
  resume_run(database, number, std::nullopt);
  RunRecorder second(database, number);
  second.finished({"complete", "", 5000, test::hex64('e'), 5.0, 400});
  const RunRow row = find_run(database, "1");
  EXPECT_EQ(row.status, "complete");
  EXPECT_EQ(row.reason, "");
  EXPECT_DOUBLE_EQ(row.wall_seconds, 15.0);
  EXPECT_EQ(row.peak_memory_bytes, 500);
  EXPECT_EQ(row.state_hash, test::hex64('e'));
}

TEST_F(Recorder, RowsDigestIsEqualForRunsThatRecordedTheSame) {
  const auto first = test::complete_run(database, 7);
  const auto second = test::complete_run(database, 7);
  const auto other = test::complete_run(database, 8);
  EXPECT_EQ(digest_of_results(database, first), digest_of_results(database, second));
  EXPECT_NE(digest_of_results(database, first), digest_of_results(database, other));
  EXPECT_EQ(find_run(database, std::to_string(first)).rows_digest,
            digest_of_results(database, first));
}

TEST_F(Recorder, RunWhoseLockIsFreeIsInterrupted) {
  EXPECT_EQ(find_run(database, "1").status, "running");
  EXPECT_EQ(mark_abandoned(database), 0);
  { RunLock released = std::move(lock); }
  EXPECT_EQ(find_run(database, "1").status, "interrupted");
  EXPECT_EQ(interrupted_runs(database).size(), 1U);
  EXPECT_TRUE(running_runs(database).empty());
  EXPECT_EQ(mark_abandoned(database), 1);
  auto query = database.prepare("SELECT status, reason FROM run");
  ASSERT_TRUE(query.step());
  EXPECT_EQ(query.text(0), "interrupted");
  EXPECT_EQ(query.text(1), "its process ended without a word");
}

TEST_F(Recorder, OneRunHasOneProcess) { EXPECT_THROW(RunLock(database.file(), run.uuid), Error); }

TEST_F(Recorder, HostileUuidLeadsNowhere) {
  for (const auto* uuid :
       {"../../etc", "", "/absolute", "0123456789/../../../../../../../../../x"}) {
    EXPECT_THROW(run_folder(database.file(), uuid), Error) << uuid;
  }
}

TEST_F(Recorder, WaitingRowsSurviveAFullDisk) {
  recorder.scalars({1, {{"loss", 1.0}}});
  database.execute("PRAGMA max_page_count = 1");
  recorder.artifact({"samples", 1, "image/png", std::string(1 << 20, 'x')});
  EXPECT_THROW(recorder.flush(), Error);
  database.execute("PRAGMA max_page_count = 100000");
  recorder.flush();
  EXPECT_EQ(count("series"), 1);
  EXPECT_EQ(count("artifact"), 1);
}

}  // namespace
}  // namespace assay
