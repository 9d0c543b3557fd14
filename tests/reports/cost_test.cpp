// SPDX-License-Identifier: Apache-2.0
#include "reports/cost.h"

#include <gtest/gtest.h>

#include "results/example_runs.h"
#include "synthetic_database.h"

namespace assay::test {
namespace {

class Costs : public testing::Test {
 protected:
  TemporaryFolder folder_;
  Database database_ = Database::open_for_writing(folder_ / "x.sqlite");
  const std::string id_ = hex64('a');

  void add(double seconds, std::uint64_t seed, const std::string& cpu = "Old CPU") {
    MadeUpRun run{.seed = seed, .wall_seconds = seconds, .cpu = cpu};
    run.peak_memory_bytes = static_cast<std::int64_t>(seconds) << 20;
    add_run(database_, run);
  }
};

TEST_F(Costs, AreTheUpperMedianOfTheTimesAndTheLargestPeak) {
  for (const double seconds : {40.0, 10.0, 20.0, 30.0})
    add(seconds, static_cast<std::uint64_t>(seconds));
  const RunCost cost = run_costs(database_, "cpu").at(id_);
  EXPECT_EQ(cost.seconds, 30.0);
  EXPECT_EQ(cost.seconds_of_seed, 25.0);  // of runs that trained alone the mean
  EXPECT_EQ(cost.memory_bytes, 40 << 20);
  EXPECT_EQ(cost.memory_of, "process");
  EXPECT_EQ(cost.device, "cpu");
  EXPECT_EQ(cost.machine, "Old CPU");
}

TEST_F(Costs, AreThoseOnTheMachineOfTheNewestRun) {
  add(40.0, 0);
  add(10.0, 1, "New CPU");
  EXPECT_EQ(run_costs(database_, "cpu").at(id_).seconds, 10.0);
  EXPECT_EQ(run_costs(database_, "cpu").at(id_).machine, "New CPU");
}

TEST_F(Costs, AreThoseOnTheDeviceIfAnyRanOnIt) {
  add_run(database_, {.seed = 0, .device = "cuda", .wall_seconds = 5.0});
  add(40.0, 1);
  EXPECT_EQ(run_costs(database_, "cuda").at(id_).seconds, 5.0);
  EXPECT_EQ(run_costs(database_, "cuda").at(id_).device, "cuda");
}

TEST_F(Costs, AreThoseOnAnotherDeviceIfNoneRanOnIt) {
  add(40.0, 1);
  EXPECT_EQ(run_costs(database_, "cuda").at(id_).device, "cpu");
}

TEST_F(Costs, OfSeedsThatTrainedAsOneModelAreSharedAmongThem) {
  for (const std::uint64_t seed : {0, 1}) {
    add_run(database_, {.seed = seed,
                        .notes = {{0, "seed_batch", "trained with seeds 0, 1"}},
                        .wall_seconds = 30.0});
  }
  EXPECT_EQ(run_costs(database_, "cpu").at(id_).seconds, 30.0);
  EXPECT_EQ(run_costs(database_, "cpu").at(id_).seconds_of_seed, 15.0);
}

}  // namespace
}  // namespace assay::test
