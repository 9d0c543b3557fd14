// SPDX-License-Identifier: Apache-2.0
#include "cli/run/work_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::ElementsAre;

WorkOrder order(const std::string& experiment, std::uint64_t seed, std::int64_t places,
                const std::string& settings = {}) {
  return {.uuid = experiment + "-" + std::to_string(seed),
          .label = {},
          .resume = !settings.empty(),
          .experiment_id = experiment,
          .seed = seed,
          .places = places,
          .settings = settings};
}

std::vector<std::vector<std::string>> uuids(const std::vector<WorkGroup>& groups) {
  std::vector<std::vector<std::string>> all;
  for (const auto& group : groups) {
    all.emplace_back();
    for (const auto& one : group) all.back().push_back(one.uuid);
  }
  return all;
}

TEST(WorkGroups, OrdersOfOneExperimentShareAGroupPlaceByPlace) {
  // Three places: seeds 0 and 3 have the same one, so 3 begins another group, which 4 joins.
  const auto groups = grouped({order("a", 0, 3), order("a", 1, 3), order("a", 3, 3),
                               order("b", 0, 3), order("a", 4, 3), order("a", 2, 3)});
  EXPECT_THAT(uuids(groups), ElementsAre(ElementsAre("a-0", "a-1", "a-2"),
                                         ElementsAre("a-3", "a-4"), ElementsAre("b-0")));
}

TEST(WorkGroups, WithoutTheSwitchEveryRunHasItsOwnProcess) {
  EXPECT_EQ(grouped({order("a", 0, 0), order("a", 1, 0)}).size(), 2U);
}

TEST(WorkGroups, RunsThatGoOnFromOtherPointsAreApart) {
  const auto groups = grouped({order("a", 0, 4, "100 cpu 1"), order("a", 1, 4, "200 cpu 1"),
                               order("a", 2, 4, "100 cpu 1"), order("a", 3, 4)});
  EXPECT_THAT(uuids(groups),
              ElementsAre(ElementsAre("a-0", "a-2"), ElementsAre("a-1"), ElementsAre("a-3")));
}

TEST(WorkGroups, AWorkerIsToldOfEverySeed) {
  const auto words = worker_arguments({order("a", 0, 2), order("a", 1, 2)}, {});
  EXPECT_EQ(std::count(words.begin(), words.end(), "--uuid"), 2);
  EXPECT_EQ(std::count(words.begin(), words.end(), "--seed"), 2);
  EXPECT_EQ(std::count(words.begin(), words.end(), "--experiment"), 1);
}

}  // namespace
}  // namespace assay
