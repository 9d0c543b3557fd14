// SPDX-License-Identifier: Apache-2.0
#include "results/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "results/example_runs.h"
#include "results/recorder.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

class Queries : public testing::Test {
 protected:
  TemporaryFolder folder;
  Database database = Database::open_for_writing(folder / "a.sqlite");

  std::string message_of(std::string_view name) const {
    try {
      find_run(database, name);
    } catch (const Error& error) {
      return error.what();
    }
    return "found";
  }
};

TEST_F(Queries, RunIsFoundByNumberAndByUuidPrefix) {
  const auto number = test::complete_run(database, 0);
  const RunRow run = find_run(database, std::to_string(number));
  EXPECT_EQ(find_run(database, run.uuid).number, number);
  EXPECT_EQ(find_run(database, run.uuid.substr(0, 8)).number, number);
}

TEST_F(Queries, UnknownRunSaysWhatThereIs) {
  test::complete_run(database, 0);
  EXPECT_THAT(message_of("77"), HasSubstr("here 1 to 1"));
  EXPECT_THAT(message_of("%"), HasSubstr("no run is called '%'"));
  EXPECT_THAT(message_of(""), HasSubstr("no run"));
  EXPECT_THAT(message_of("' OR 1=1 --"), HasSubstr("no run"));
}

TEST_F(Queries, ANumberIsNotTheBeginningOfAUuid) {
  NewRun run = test::example_run(database);
  run.uuid = "77123456-0000-4000-8000-000000000001";
  begin_run(database, run);
  EXPECT_THAT(message_of("77"), HasSubstr("no run is called '77'"));
  EXPECT_THAT(message_of("7712345"), HasSubstr("no run is called '7712345'"));
  EXPECT_EQ(find_run(database, "77123456").uuid, run.uuid);
  EXPECT_EQ(find_run(database, "77123456-").uuid, run.uuid);
}

TEST_F(Queries, AmbiguousPrefixListsWhatFits) {
  for (const auto* uuid :
       {"abcd0000-0000-4000-8000-000000000001", "abcd0000-0000-4000-8000-000000000002"}) {
    NewRun run = test::example_run(database);
    run.uuid = uuid;
    begin_run(database, run);
  }
  EXPECT_THAT(message_of("abcd"), HasSubstr("fits 2 runs"));
  EXPECT_THAT(message_of("abcd"), HasSubstr("2 (abcd0000-0000-4000-8000-000000000002)"));
  EXPECT_EQ(message_of("ABCD0000-0000-4000-8000-000000000002"), "found");
}

// One field changed at a time: none of them may stand in.
TEST_F(Queries, CompleteWorkIsFoundInEqualCircumstancesOnly) {
  const auto number = test::complete_run(database, 3);
  const RunRow run = find_run(database, std::to_string(number));
  const Circumstances same{3,          *run.data_digest, *run.code_digest,
                           run.device, run.threads,      run.smoke};
  EXPECT_EQ(find_complete(database, run.experiment_id, same)->number, number);
  ASSERT_EQ(find_trained(database, *run.training_id, same).size(), 1U);
  EXPECT_EQ(find_trained(database, *run.training_id, same)[0].number, number);
  std::vector<Circumstances> others(6, same);
  others[0].seed = 4;
  others[1].data_digest = "other";
  others[2].code_digest = "other";
  others[3].device = "cuda";
  others[4].threads = 2;
  others[5].smoke = !same.smoke;
  for (std::size_t i = 0; i < others.size(); ++i) {
    EXPECT_FALSE(find_complete(database, run.experiment_id, others[i])) << i;
    EXPECT_TRUE(find_trained(database, *run.training_id, others[i]).empty()) << i;
  }
  EXPECT_FALSE(find_complete(database, test::hex64('b'), same));
}

TEST_F(Queries, ARunThatScoresWeightsLeavesNoneToBeScored) {
  NewRun child = test::example_run(database, 3);
  child.parent_uuid = "abcd0000-0000-4000-8000-000000000001";
  begin_run(database, child);
  database.execute("UPDATE run SET status = 'complete'");
  const Circumstances at{
      3, *child.data_digest, *child.code_digest, child.device, child.threads, child.smoke};
  EXPECT_TRUE(find_trained(database, *child.training_id, at).empty());
  EXPECT_TRUE(find_complete(database, child.experiment_id, at));
}

TEST_F(Queries, ReasonThatHoldsABacktraceIsShownWithoutIt) {
  const auto number = begin_run(database, test::example_run(database));
  RunRecorder(database, number)
      .finished({"failed", "sizes differ\nException raised from f at a.cpp:1\nframe #0: x", 0, ""});
  EXPECT_EQ(find_run(database, std::to_string(number)).reason, "sizes differ");
  EXPECT_EQ(events_of(database, number).back().text, "sizes differ");
}

TEST_F(Queries, FinalValuesAreTheLastOnes) {
  const auto number = test::complete_run(database, 0);
  const auto metrics = final_metrics_of(database, number);
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].images_seen, 5000);
  EXPECT_EQ(metrics[0].value, 40.0);
  const auto losses = final_series_of(database, number);
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[1].name, "loss");
  EXPECT_DOUBLE_EQ(losses[1].value, 0.2);
  EXPECT_EQ(series_of(database, number).size(), 100U);
}

TEST_F(Queries, LastResultIsTheNewestCompleteRunOfAName) {
  test::complete_run(database, 0);
  const auto newest = test::complete_run(database, 1);
  begin_run(database, test::example_run(database, 2));
  const auto results = last_results(database);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].run.number, newest);
  EXPECT_EQ(results[0].metrics.at(0).value, 41.0);
}

TEST_F(Queries, ArtifactsKeepTheirBytes) {
  const auto number = test::complete_run(database, 0);
  const auto names = artifacts_of(database, number);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[1].size_bytes, 14);
  const auto artifact = read_artifact(database, number, names[1]);
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->bytes, std::string("\x89PNG trained\0!", 14));
}

TEST_F(Queries, FilterByNameAndStatus) {
  test::complete_run(database, 0);
  begin_run(database, test::example_run(database, 1));
  EXPECT_EQ(runs(database).size(), 2U);
  EXPECT_EQ(runs(database, {{}, "complete"}).size(), 1U);
  EXPECT_EQ(runs(database, {{"vae/fashion_mnist"}, ""}).size(), 2U);
  EXPECT_TRUE(runs(database, {{"gan/ring"}, ""}).empty());
}

TEST_F(Queries, ThroughputComesBack) {
  const auto number = test::complete_run(database, 0);
  const auto speeds = throughput_of(database, number);
  ASSERT_EQ(speeds.size(), 1U);
  EXPECT_EQ(speeds[0].images_per_second, 1234.5);
  EXPECT_EQ(speeds[0].n, 20);
}

}  // namespace
}  // namespace assay
