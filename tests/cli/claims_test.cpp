// SPDX-License-Identifier: Apache-2.0
#include "cli/run/claims.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/run/targets.h"
#include "core/error.h"
#include "core/file.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A suite of two ring GANs, and a file for it.
class PlannedClaims : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / fmt::format("assay_claims_test_{}", getpid());

  void SetUp() override {
    fs::create_directories(folder_);
    for (const char* name : {"a", "b"}) {
      write_file_atomically(
          folder_ / fmt::format("{}.toml", name),
          fmt::format("extends = 'toy2d/ring_gan'\nseeds = [0, 1, 2, 3, 4]\n[train]\nimages = {}\n",
                      *name == 'a' ? 1000 : 2000));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string claim(int number, const std::string& metric, const std::string& test) {
    return fmt::format(
        "[[claim]]\ntext = 'claim {}'\nleft = 'a.toml'\nright = 'b.toml'\nmetric = '{}'\n"
        "direction = 'lower'\ntest = '{}'\n",
        number, metric, test);
  }
  Plan plan(const std::string& claims, const TargetOptions& changes = {}) {
    write_file_atomically(
        folder_ / "s.toml",
        "[[member]]\nexperiment = 'a.toml'\n[[member]]\nexperiment = 'b.toml'\n" + claims);
    TargetOptions options = changes;
    options.targets = {(folder_ / "s.toml").string()};
    return make_plan(options);
  }
  void expect_refusal(const std::string& claims, const std::string& message) {
    EXPECT_THAT([&] { plan(claims); },
                ThrowsMessage<Error>(AllOf(HasSubstr("s.toml:5:"), HasSubstr(message))));
  }
};

TEST_F(PlannedClaims, KnowTheDefinitionsAndSeedsOfTheirSides) {
  const Plan found = plan(claim(1, "modes_covered", "mann_whitney"));
  ASSERT_EQ(found.suites.size(), 1U);
  ASSERT_EQ(found.suites[0].claims.size(), 1U);
  const ClaimEvidence& evidence = found.suites[0].claims[0];
  EXPECT_EQ(found.suites[0].name, "s");
  EXPECT_EQ(evidence.left.experiment, "a");
  EXPECT_EQ(evidence.left.definition_id, found.runs.front().definition.id());
  EXPECT_EQ(evidence.right.definition_id, found.runs.back().definition.id());
  EXPECT_EQ(evidence.right.seeds.size(), 5U);
  EXPECT_EQ(found.suites[0].changed, "");
  EXPECT_FALSE(found.suites[0].swept);
}

TEST_F(PlannedClaims, RefuseAMetricThatIsUnknownOrNotComputed) {
  expect_refusal(claim(1, "modes_coverd", "welch"), "did you mean 'modes_covered'?");
  expect_refusal(claim(1, "elbo", "welch"), "'a' does not compute elbo: its eval.metrics are");
  expect_refusal(claim(1, "fd@inception-v3", "welch"), "the eval.extractor of 'a' is");
  expect_refusal(claim(1, "modes_covered@pixels", "welch"), "has no extractor");
}

TEST_F(PlannedClaims, RefuseTooFewSeedsUnlessTheCommandLineChoseThem) {
  write_file_atomically(folder_ / "b.toml",
                        "extends = 'a.toml'\nseeds = [0, 1, 2]\n[train]\nimages = 2000\n");
  const std::string one = claim(1, "modes_covered", "welch");
  expect_refusal(one, "'b.toml' has 3 (0, 1, 2)");
  TargetOptions changes;
  changes.seeds = "0";
  EXPECT_EQ(plan(one, changes).suites[0].changed, "--seeds 0");
}

TEST_F(PlannedClaims, RefuseAClaimThatCouldNeverHold) {
  // Sign test on five seeds: 1/32 = 0.031, twice that is over 0.05; on six it is 2/64.
  const std::string two = claim(1, "modes_covered", "sign") + claim(2, "reverse_kl", "sign");
  expect_refusal(two, "give both sides 6 seeds");
  EXPECT_NO_THROW(plan(claim(1, "modes_covered", "sign")));
  // At a level of its own: 1/64 is over 0.01, 1/128 is not.
  expect_refusal(claim(1, "modes_covered", "sign") + "alpha = 0.01\n", "give both sides 7 seeds");
  EXPECT_NO_THROW(plan(claim(1, "modes_covered", "sign") + "alpha = 0.04\n"));
  // The advice fits the test: C(10, 5) = 252 reaches 0.004 at best.
  expect_refusal(claim(1, "modes_covered", "mann_whitney") + "alpha = 0.003\n",
                 "give both sides 6 seeds, or take welch");
  // Beside a test that can reach smaller p, Holm leaves the sign test the whole level.
  EXPECT_NO_THROW(plan(claim(1, "modes_covered", "welch") + claim(2, "reverse_kl", "sign")));
}

TEST_F(PlannedClaims, RefuseTwoMembersOfOneDefinition) {
  write_file_atomically(folder_ / "b.toml",
                        "extends = 'a.toml'\nseeds = [0, 1, 2, 3, 4]\n[train]\nimages = 1000\n");
  const std::string one = claim(1, "modes_covered", "welch");
  expect_refusal(one, "left 'a.toml' and right 'b.toml' are one and the same definition");
  // What the command line makes alike is for the verdict to say.
  write_file_atomically(folder_ / "b.toml",
                        "extends = 'a.toml'\nseeds = [0, 1, 2, 3, 4]\n[train]\nimages = 2000\n");
  TargetOptions changes;
  changes.set = {"train.images=1000"};
  EXPECT_NO_THROW(plan(one, changes));
  changes = {};
  changes.sweep = {"train.images=1000,2000"};
  EXPECT_NO_THROW(plan(one, changes));
  changes = {};
  changes.smoke = true;  // cuts both to as many images
  EXPECT_NO_THROW(plan(one, changes));
}

TEST_F(PlannedClaims, SayWhatTheCommandLineChanges) {
  const std::string one = claim(1, "modes_covered", "welch");
  TargetOptions changes;
  changes.smoke = true;
  changes.seeds = "0..4";
  changes.set = {"train.batch_size=50"};
  const Plan changed = plan(one, changes);
  EXPECT_EQ(changed.suites[0].changed, "--smoke --seeds 0..4 --set train.batch_size=50");
  EXPECT_TRUE(changed.suites[0].claims[0].smoke);
  changes = {};
  changes.sweep = {"train.batch_size=50,100"};
  EXPECT_TRUE(plan(one, changes).suites[0].swept);
}

}  // namespace
}  // namespace assay
