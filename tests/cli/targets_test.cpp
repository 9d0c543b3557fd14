// SPDX-License-Identifier: Apache-2.0
#include "cli/run/targets.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "families/registry.h"
#include "reports/papers/published.h"

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

// What a run stores must be a definition that may be run from a file.
TEST(Experiments, AreTakenAsFilesOfTheirOwn) {
  for (const auto& name : experiment_names()) {
    const ResolveOptions options{.check_effects = true};
    EXPECT_NO_THROW(
        resolve_text(resolve_target(name, {}, false).toml(), name, family_schema, options));
  }
}

// results/autoencoders-cpu.sqlite is of before ids moved.
TEST(StoredAs, IsTheIdOrTheNameOfRunsOfBeforeItMoved) {
  TargetOptions options;
  options.targets = {"toy2d/ring_gan", "vae/fashion_mnist"};
  options.seeds = "0";
  const Plan plan = make_plan(options);
  ASSERT_EQ(plan.runs.size(), 2U);
  const std::string id = plan.runs[0].definition.id();
  RunRow same, moved;
  same.experiment_id = id;
  moved.experiment_id = std::string(64, 'a');
  moved.experiment = "vae/fashion_mnist";
  EXPECT_EQ(stored_as(plan, std::vector{same, moved}),
            (std::vector<std::string>{id, "vae/fashion_mnist"}));
}

TEST(Experiments, NoTwoAreTheSame) {
  std::set<std::string> ids;
  for (const auto& name : experiment_names())
    EXPECT_TRUE(ids.insert(resolve_target(name, {}, false).id()).second) << name;
}

TEST(Experiments, ThatPublishedValuesNameExist) {
  const auto names = experiment_names();
  for (const auto& value : published_values().values) {
    for (const auto& name : value.experiments) {
      EXPECT_NE(std::find(names.begin(), names.end(), name), names.end())
          << value.where << ": " << name;
    }
  }
}

TEST(Experiments, ThatPublishedValuesNameHaveTheIdsThatAreWrittenThere) {
  for (const auto& [name, id] : published_values().ids) {
    EXPECT_EQ(resolve_target(name, {}, false).id(), id)
        << name
        << ": its definition has changed; do the values of results/published.toml that name "
        << "it still belong to it?";
  }
}

// Else no run of theirs could get a verdict: another extractor is another id.
TEST(Experiments, OfFullLengthComputeWhatTheirPublishedValuesAre) {
  std::int64_t scored = 0;
  for (const auto& value : published_values().values) {
    const auto extractor = value.fields.find("extractor");
    if (extractor == value.fields.end()) continue;
    for (const auto& name : value.experiments) {
      const Definition definition = resolve_target(name, {}, false);
      if (definition.tier == "cpu") continue;
      ++scored;
      EXPECT_EQ(definition.text("eval.extractor"), extractor->second) << name;
      const auto metrics = definition.texts("eval.metrics");
      EXPECT_THAT(metrics, testing::Contains(value.metric == "fid" ? "fd" : value.metric)) << name;
    }
  }
  EXPECT_GE(scored, 30);
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

TEST(MakePlan, NamesAFirstStageBeforeWhatStandsOnItAndOnce) {
  TargetOptions options;
  options.targets = {"latent/fashion_mnist", "latent/fashion_mnist_flow",
                     "latent/fashion_mnist_kl"};
  options.seeds = "3,4";
  options.set = {};
  const Plan plan = make_plan(options);
  std::vector<std::string> names;
  for (const PlannedRun& run : plan.runs) {
    names.push_back(fmt::format("{} {}", run.definition.name, run.seed));
  }
  EXPECT_THAT(names,
              testing::ElementsAre("latent/fashion_mnist_kl 3", "latent/fashion_mnist 3",
                                   "latent/fashion_mnist_kl 4", "latent/fashion_mnist 4",
                                   "latent/fashion_mnist_flow 3", "latent/fashion_mnist_flow 4"));
}

TEST(MakePlan, RefusesToChangeWhatADefinitionIsCalled) {
  for (const char* wrong : {"name=x", "note=x", "tier=gpu", "reproduces=x"}) {
    EXPECT_THAT([&] { resolve_target("vae/fashion_mnist", {wrong}, false); },
                ThrowsMessage<Error>(HasSubstr("changes no run")));
  }
  for (const char* wrong : {"extends=x", "revision=[1,1]"}) {
    EXPECT_THAT([&] { resolve_target("vae/fashion_mnist", {wrong}, false); },
                ThrowsMessage<Error>(HasSubstr("in a definition's file alone")));
  }
}

TEST(FindTarget, AnswersAMisspeltNameWithTheNearMiss) {
  EXPECT_THAT([] { find_target("vae/fashion_mnits"); },
              ThrowsMessage<Error>(HasSubstr("did you mean 'vae/fashion_mnist'?")));
  EXPECT_THAT([] { find_target("nowhere/x.toml"); },
              ThrowsMessage<Error>(HasSubstr("nowhere/x.toml: no such file")));
}

TEST(MakePlan, RefusesSwitchesThatExcludeOneAnotherOrHaveNoEffect) {
  const auto set = [](const std::string& name, const std::vector<std::string>& settings) {
    return [=] { resolve_target(name, settings, false); };
  };
  EXPECT_THAT(set("vae/fashion_mnist", {"objective.free_bits=1", "objective.bound=iwae"}),
              ThrowsMessage<Error>(HasSubstr("each replace the KL term")));
  EXPECT_THAT(set("vae/fashion_mnist", {"objective.total_correlation_weight=6"}),
              ThrowsMessage<Error>(HasSubstr("has no effect: objective.kl_parts is \"none\"")));
  EXPECT_THAT(set("autoencoder/fashion_mnist", {"objective.contraction=closed_form"}),
              ThrowsMessage<Error>(HasSubstr("is of one sigmoid layer")));
  EXPECT_THAT(set("autoencoder/zoo_sparse", {"model.kept=4"}),
              ThrowsMessage<Error>(HasSubstr("keep one of them")));
  EXPECT_THAT(set("vae/fashion_mnist_vamp", {"objective.second_stage_share=0.5"}),
              ThrowsMessage<Error>(HasSubstr("replaces the prior")));
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
