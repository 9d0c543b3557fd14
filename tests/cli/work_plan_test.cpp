// SPDX-License-Identifier: Apache-2.0
#include "cli/run/work_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/file.h"
#include "results/database.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class WorkPlan : public testing::Test {
 protected:
  void SetUp() override {
    write_file_atomically(folder_ / "short.toml",
                          "extends = 'toy2d/ring_gan'\n[eval]\nevery_images = 0\n");
  }
  void TearDown() override { fs::remove_all(folder_); }
  static TargetOptions of(const std::vector<std::string>& targets, const std::string& seeds,
                          const std::vector<std::string>& sweep = {}) {
    TargetOptions options;
    options.targets = targets;
    options.seeds = seeds;
    options.sweep = sweep;
    return options;
  }
  Work plan(const TargetOptions& options) {
    Database database = Database::open_for_writing(folder_ / "a.sqlite");
    return plan_work(database, make_plan(options), torch::kCPU, 1, /*again=*/false);
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("assay_work_plan_{}", getpid());
  std::string short_ = (folder_ / "short.toml").string();
};

TEST_F(WorkPlan, KeepsTheOrderInWhichRunsWereNamed) {
  const Work work = plan(of({short_, "toy2d/grid_gan"}, "0,1"));
  ASSERT_EQ(work.orders.size(), 4U);
  EXPECT_EQ(work.orders[0].label, "short seed 0");
  EXPECT_EQ(work.orders[1].label, "short seed 1");
  EXPECT_EQ(work.orders[2].label, "toy2d/grid_gan seed 0");
  for (const WorkOrder& order : work.orders) EXPECT_EQ(order.parent, "");
}

// ring_gan is scored during training, so it trains; short differs from it in that alone.
TEST_F(WorkPlan, LetsOneTrainOfThoseThatDifferInHowTheyAreScored) {
  const Work work = plan(of({short_, "toy2d/ring_gan"}, "0"));
  ASSERT_EQ(work.orders.size(), 2U);
  EXPECT_EQ(work.orders[1].parent, "");
  EXPECT_EQ(work.orders[0].parent, work.orders[1].uuid);
}

TEST_F(WorkPlan, NeverLetsTwoSeedsShareATraining) {
  const Work work = plan(of({short_}, "0,1", {"eval.neighbours=3,5"}));
  ASSERT_EQ(work.orders.size(), 4U);
  for (const WorkOrder& order : work.orders) {
    if (order.parent.empty()) continue;
    const auto parent = std::ranges::find(work.orders, order.parent, &WorkOrder::uuid);
    ASSERT_NE(parent, work.orders.end());
    EXPECT_EQ(parent->seed, order.seed);
    EXPECT_EQ(parent->parent, "");
  }
}

TEST_F(WorkPlan, TakesAPointThatIsNamedTwiceOnce) {
  const Work work = plan(of({short_, short_}, "0,0"));
  EXPECT_EQ(work.orders.size(), 1U);
}

}  // namespace
}  // namespace assay
