// SPDX-License-Identifier: Apache-2.0
// What is asked often is answered by an index, however many runs there are. SQLite itself says so
// of the very statements that it was given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <functional>

#include "results/example_runs.h"
#include "results/queries.h"
#include "results/run_queries.h"
#include "results/where.h"

namespace assay {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string>& asked() {
  static std::vector<std::string> statements;
  return statements;
}

int keep(unsigned, void*, void* statement, void*) {
  const std::string sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
  if (sql.starts_with("SELECT")) asked().push_back(sql);
  return 0;
}

// SQLite calls it for every connection that is opened.
int listen(sqlite3* connection, char**, const void*) {
  return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, keep, nullptr);
}

class QueryPlans : public testing::Test {
 protected:
  QueryPlans() {
    auto database = Database::open_for_writing(file_);
    for (std::uint64_t seed = 0; seed < 3; ++seed) test::complete_run(database, seed);
  }
  void SetUp() override { sqlite3_auto_extension(reinterpret_cast<void (*)()>(listen)); }
  void TearDown() override { sqlite3_reset_auto_extension(); }

  // Steps of the plans of all SELECTs that `ask` sends: "SEARCH r USING INTEGER PRIMARY KEY
  // (rowid=?)", "SCAN r".
  std::vector<std::string> plan_of(const std::function<void(const Database&)>& ask) {
    asked().clear();
    {
      const auto database = Database::open_for_reading(file_);
      ask(database);
    }
    const auto statements = asked();
    EXPECT_THAT(statements, Not(IsEmpty()));
    std::vector<std::string> steps;
    const auto database = Database::open_for_reading(file_);
    for (const auto& sql : statements) {
      auto plan = database.prepare("EXPLAIN QUERY PLAN " + sql);
      while (plan.step()) steps.push_back(plan.text(3));
    }
    return steps;
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "a.sqlite";
};

TEST_F(QueryPlans, WhatOneRunRecordedIsFoundByKeysAlone) {
  const auto plan = plan_of([](const Database& database) {
    const RunRow run = find_run(database, "2");
    find_run(database, run.uuid.substr(0, 12));
    runs(database, {.uuid = run.uuid});
    definition_of(database, run);
    experiment_of(database, run.experiment_id);
    machine_of(database, run.machine_id);
    series_of(database, run.number);
    final_series_of(database, run.number);
    metrics_of(database, run.number);
    final_metrics_of(database, run.number);
    throughput_of(database, run.number);
    events_of(database, run.number);
    resumed_at(database, run.number);
    checkpoints_of(database, run.number);
    for (const auto& name : artifacts_of(database, run.number))
      read_artifact(database, run.number, name);
  });
  EXPECT_THAT(plan, Contains(StartsWith("SEARCH")));
  EXPECT_THAT(plan, Each(Not(StartsWith("SCAN"))));
  EXPECT_THAT(plan, Each(Not(HasSubstr("AUTOMATIC"))));
}

TEST_F(QueryPlans, WorkThatIsDoneIsFoundByItsDefinition) {
  const auto plan = plan_of([](const Database& database) {
    const Circumstances at{1, "", "", "cpu", 1, false};
    find_complete(database, std::string(64, 'a'), at);
    find_interrupted(database, std::string(64, 'a'), at);
    find_running(database, std::string(64, 'a'), at);
    find_trained(database, std::string(64, 'b'), at);
  });
  EXPECT_THAT(plan, Each(Not(StartsWith("SCAN"))));
  EXPECT_THAT(plan, Contains(HasSubstr("run_by_experiment")));
  EXPECT_THAT(plan, Contains(HasSubstr("run_by_training")));
}

TEST_F(QueryPlans, RunsOfAnExperimentAreFoundByItsName) {
  const auto plan = plan_of([](const Database& database) {
    runs(database, {.experiments = {"vae/fashion_mnist", std::string(64, 'a')}});
  });
  EXPECT_THAT(plan, Each(Not(StartsWith("SCAN"))));
  EXPECT_THAT(plan, Contains(HasSubstr("run_by_experiment")));
}

// Each run is read once, with its experiment by key; never a table of scores.
TEST_F(QueryPlans, ListsOfAllRunsReadEachOnce) {
  const auto plan = plan_of([](const Database& database) { runs(database); });
  std::vector<std::string> scans;
  for (const auto& step : plan) {
    if (step.starts_with("SCAN")) scans.push_back(step);
  }
  EXPECT_THAT(scans, testing::ElementsAre("SCAN r"));
  EXPECT_THAT(plan, Each(Not(HasSubstr("AUTOMATIC"))));
}

TEST_F(QueryPlans, TheNewestResultsTouchCompleteRunsAndTheirScoresByKey) {
  const auto plan = plan_of([](const Database& database) { last_results(database); });
  EXPECT_THAT(plan, Contains(HasSubstr("run_by_status")));
  EXPECT_THAT(plan, Each(Not(StartsWith("SCAN m"))));
  EXPECT_THAT(plan, Each(Not(HasSubstr("AUTOMATIC"))));
}

TEST_F(QueryPlans, AFilterOnScoresLooksAtEachRunsOwn) {
  const auto plan =
      plan_of([](const Database& database) { Where("fd < 50 and seed < 2").runs_of(database); });
  std::vector<std::string> scans;
  for (const auto& step : plan) {
    if (step.starts_with("SCAN")) scans.push_back(step);
  }
  // The first row of that name, what scores can mean, and each run.
  EXPECT_THAT(scans, testing::UnorderedElementsAre("SCAN metric", "SCAN protocol", "SCAN r"));
}

}  // namespace
}  // namespace assay
