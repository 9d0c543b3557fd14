// SPDX-License-Identifier: Apache-2.0
#include "results/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "results/example_runs.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/run_queries.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::ElementsAre;

class Store : public testing::Test {
 protected:
  TemporaryFolder folder;
  Database database = Database::open_for_writing(folder / "a.sqlite");
};

TEST_F(Store, SameExperimentTwiceIsOneRow) {
  const ExperimentRow experiment{test::hex64('b'), "gan/ring", "gan", "x = 1\n"};
  add_experiment(database, experiment);
  add_experiment(database, experiment);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM experiment"), 1);
  EXPECT_EQ(experiment_of(database, test::hex64('b')).definition, "x = 1\n");
}

TEST_F(Store, EqualMachinesShareARowAndOthersDoNot) {
  MachineRow machine;
  machine.cpu = "one";
  const auto first = add_machine(database, machine);
  EXPECT_EQ(add_machine(database, machine), first);
  machine.cores = 4;
  const auto other = add_machine(database, machine);
  EXPECT_NE(other, first);
  EXPECT_EQ(machine_of(database, other), machine);
}

TEST_F(Store, BeginRunStoresAllThatIsKnown) {
  NewRun run = test::example_run(database, 18446744073709551615U);
  run.dirty = true;
  run.threads = 2;
  run.jobs = 3;
  run.device = "cuda";
  run.smoke = true;
  run.overrides = "--set a=b";
  run.parent_uuid = "parent";
  const RunLock lock(database.file(), run.uuid);
  const auto number = begin_run(database, run);
  const RunRow stored = find_run(database, std::to_string(number));
  EXPECT_EQ(stored.uuid, run.uuid);
  EXPECT_EQ(stored.experiment, "vae/fashion_mnist");
  EXPECT_EQ(stored.seed, 18446744073709551615U);
  EXPECT_TRUE(stored.dirty);
  EXPECT_EQ(stored.threads, 2);
  EXPECT_EQ(stored.jobs, 3);
  EXPECT_EQ(stored.device, "cuda");
  EXPECT_TRUE(stored.smoke);
  EXPECT_EQ(stored.overrides, "--set a=b");
  EXPECT_EQ(stored.parent_uuid, "parent");
  EXPECT_EQ(stored.status, "running");
  EXPECT_EQ(stored.images_total, 5000);
}

// A run that reached 3000 with a checkpoint at 2000, then was killed.
std::int64_t killed_run(Database& database) {
  const NewRun run = test::example_run(database);
  const RunLock lock(database.file(), run.uuid);
  const auto number = begin_run(database, run);
  RunRecorder recorder(database, number);
  for (const std::int64_t at : {0, 1000, 2000, 3000}) {
    recorder.scalars({at, {{"loss", static_cast<double>(at)}}});
    recorder.evaluated({at, {{"fd", 1.0, 0.1, {}}}});
    recorder.artifact({"samples", at, "image/png", "picture"});
    recorder.note({at, "mode_collapse", "one mode"});
    if (at == 1000 || at == 2000) {
      recorder.checkpointed(test::example_checkpoint(database, run.uuid, at));
    }
  }
  recorder.throughput({"train", 10.0, 1.0, 5});
  recorder.flush();
  return number;
}

std::vector<std::int64_t> column(const Database& database, std::string_view sql) {
  std::vector<std::int64_t> values;
  auto query = database.prepare(sql);
  while (query.step()) values.push_back(query.integer(0));
  return values;
}

TEST_F(Store, ResumeRemovesExactlyWhatIsDoneAgain) {
  const auto run = killed_run(database);
  resume_run(database, run, 2000);
  EXPECT_THAT(column(database, "SELECT images_seen FROM series"), ElementsAre(0, 1000, 2000));
  EXPECT_THAT(column(database, "SELECT images_seen FROM metric"), ElementsAre(0, 1000));
  EXPECT_THAT(column(database, "SELECT images_seen FROM artifact"), ElementsAre(0, 1000));
  EXPECT_THAT(column(database, "SELECT images_seen FROM checkpoint"), ElementsAre(1000, 2000));
  EXPECT_THAT(column(database, "SELECT images_seen FROM event WHERE kind = 'mode_collapse'"),
              ElementsAre(0, 1000));
  EXPECT_THAT(column(database, "SELECT 1 FROM throughput"), ElementsAre(1));
  EXPECT_THAT(resumed_at(database, run), ElementsAre(2000));
  EXPECT_EQ(database.integer("SELECT images_seen FROM run"), 2000);
}

TEST_F(Store, ResumeFromNothingStartsOver) {
  const auto run = killed_run(database);
  resume_run(database, run, std::nullopt);
  for (const auto* table : {"series", "metric", "artifact", "checkpoint", "throughput"}) {
    EXPECT_EQ(database.integer(std::string("SELECT COUNT(*) FROM ") + table), 0) << table;
  }
  EXPECT_THAT(resumed_at(database, run), ElementsAre(0));
}

TEST_F(Store, ResumeKeepsEarlierLifecycleEvents) {
  const auto run = killed_run(database);
  resume_run(database, run, 2000);
  resume_run(database, run, 1000);
  EXPECT_THAT(resumed_at(database, run), ElementsAre(2000, 1000));
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM event WHERE kind = 'started'"), 1);
}

TEST_F(Store, CompleteRunCannotBeResumed) {
  const auto run = test::complete_run(database, 0);
  EXPECT_THROW(resume_run(database, run, 2500), Error);
}

TEST_F(Store, VerdictsComeBackInOrder) {
  VerdictRow verdict{"demo", "claim", "vae beats untrained", "holds"};
  verdict.effect = -3.5;
  verdict.n_a = 2;
  add_verdicts(database, {verdict});
  add_verdicts(database, {{"other", "gate", "fd", "same"}});
  const auto found = verdicts(database, "demo");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].effect, -3.5);
  EXPECT_EQ(found[0].n_a, 2);
  EXPECT_FALSE(found[0].p.has_value());
  EXPECT_EQ(verdicts(database).size(), 2U);
}

TEST_F(Store, VerdictsMadeTogetherAreAppendedTogetherOrNotAtAll) {
  add_verdicts(database, {{"demo", "claim", "a", "holds"}, {"demo", "claim", "b", "fails"}});
  add_verdicts(database, {{"demo", "claim", "a", "inconclusive"}});
  const auto found = verdicts(database, "demo");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].outcome, "holds");  // the older judgement stays
  EXPECT_EQ(found[0].at, found[1].at);
  EXPECT_FALSE(found[2].at.empty());
  // The second row has a kind that the table refuses.
  EXPECT_THROW(
      add_verdicts(database, {{"demo", "claim", "c", "holds"}, {"demo", "opinion", "d", "holds"}}),
      std::exception);
  EXPECT_EQ(verdicts(database, "demo").size(), 3U);
}

}  // namespace
}  // namespace assay
