// SPDX-License-Identifier: Apache-2.0
#include "cli/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "reports/published.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Experiments, AllResolveWithAndWithoutTheirSmokeCut) {
  const auto names = experiment_names();
  EXPECT_GE(names.size(), 10U);
  for (const auto& name : names) {
    EXPECT_EQ(resolve_target(name, {}, false).name, name);
    EXPECT_LE(resolve_target(name, {}, true).integer("train.images"), 100'000) << name;
  }
}

TEST(Experiments, NoTwoAreTheSame) {
  std::set<std::string> ids;
  for (const auto& name : experiment_names())
    EXPECT_TRUE(ids.insert(resolve_target(name, {}, false).id()).second) << name;
}

TEST(Experiments, ThatPublishedValuesNameExist) {
  const auto names = experiment_names();
  for (const auto& value : published_values()) {
    for (const auto& name : value.experiments) {
      EXPECT_NE(std::find(names.begin(), names.end(), name), names.end())
          << value.where << ": " << name;
    }
  }
}

TEST(Suites, AllPlanWithoutError) {
  for (const auto& name : suite_names()) {
    TargetOptions options;
    options.targets = {name};
    EXPECT_FALSE(make_plan(options).runs.empty()) << name;
  }
}

TEST(MakePlan, CrossesSeedsAndSweepPoints) {
  TargetOptions options;
  options.targets = {"vae/fashion_mnist"};
  options.seeds = "3..5";
  options.sweep = {"objective.beta=1,2"};
  options.set = {"train.images=64"};
  const Plan plan = make_plan(options);
  ASSERT_EQ(plan.runs.size(), 6U);
  EXPECT_EQ(plan.runs[0].seed, 3U);
  EXPECT_EQ(plan.runs[0].options, "--set train.images=64 --set objective.beta=1");
  EXPECT_NE(plan.runs[0].definition.id(), plan.runs[3].definition.id());
}

TEST(FindTarget, AnswersAMisspeltNameWithTheNearMiss) {
  EXPECT_THAT([] { find_target("vae/fashion_mnits"); },
              ThrowsMessage<Error>(HasSubstr("did you mean 'vae/fashion_mnist'?")));
  EXPECT_THAT([] { find_target("nowhere/x.toml"); },
              ThrowsMessage<Error>(HasSubstr("nowhere/x.toml: no such file")));
}

TEST(MakePlan, ChecksMetricsExtractorsAndDataSetsBeforeAnythingRuns) {
  TargetOptions options;
  options.targets = {"vae/fashion_mnist"};
  for (const char* wrong :
       {"eval.metrics=[\"fdd\"]", "eval.extractor=inception", "dataset.name=fashion"}) {
    options.set = {wrong};
    EXPECT_THROW(make_plan(options), Error) << wrong;
  }
}

}  // namespace
}  // namespace assay
