// SPDX-License-Identifier: Apache-2.0
#include "config/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "config/suite.h"
#include "core/error.h"
#include "core/file.h"
#include "core/metric_kind.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kMembers =
    "[[member]]\nexperiment='vae/iwae'\n[[member]]\nexperiment='vae/plain'\n";  // four lines

/// A claim that holds every required key, with some replaced or (by "") taken away.
std::string claim_with(const std::map<std::string, std::string>& changes) {
  std::map<std::string, std::string> keys = {{"text", "'t'"},          {"left", "'vae/iwae'"},
                                             {"right", "'vae/plain'"}, {"metric", "'iwae_nll'"},
                                             {"direction", "'lower'"}, {"test", "'welch'"}};
  for (const auto& [key, value] : changes) keys[key] = value;
  std::string text = "[[claim]]\n";
  for (const auto& [key, value] : keys) {
    if (!value.empty()) text += key + "=" + value + "\n";
  }
  return text;
}

class ClaimOfSuite : public testing::Test {
 protected:
  fs::path file_ =
      fs::temp_directory_path() / ("assay_claim_" + std::to_string(getpid()) + ".toml");
  Suite read(const std::string& text) {
    write_file_atomically(file_, text);
    return read_suite(file_);
  }
  Suite read_with(const std::map<std::string, std::string>& changes) {
    return read(kMembers + claim_with(changes));
  }
  void TearDown() override { fs::remove(file_); }
};

TEST_F(ClaimOfSuite, ReadsEveryKeyAndItsPlace) {
  const Suite suite = read(kMembers +
                           "[[claim]]\ntext='IWAE is tighter'\nleft='vae/iwae'\nright='vae/plain'\n"
                           "metric='fd@fmnist-cnn'\ndirection='higher'\ntest='mann_whitney'\n"
                           "factor=2\nmargin=0.5\nalpha=0.01\nsource='Burda et al. 2016'\n");
  ASSERT_EQ(suite.claims.size(), 1U);
  const Claim& claim = suite.claims[0];
  EXPECT_EQ(claim.text, "IWAE is tighter");
  EXPECT_EQ(claim.left, "vae/iwae");
  EXPECT_EQ(claim.right, "vae/plain");
  EXPECT_EQ(split_metric(claim.metric).metric, "fd");
  EXPECT_EQ(split_metric(claim.metric).extractor, "fmnist-cnn");
  EXPECT_EQ(claim.direction, Better::kHigher);
  EXPECT_EQ(claim.test, ClaimTest::kMannWhitney);
  EXPECT_EQ(claim.factor, 2.0);
  EXPECT_EQ(claim.margin, 0.5);
  EXPECT_EQ(claim.alpha, 0.01);
  EXPECT_EQ(claim.source, "Burda et al. 2016");
  EXPECT_THAT(claim.where, HasSubstr(".toml:5:"));
}

TEST_F(ClaimOfSuite, HasDefaultsAndEveryTestAndDirectionHasItsName) {
  const Claim claim = read_with({}).claims.at(0);
  EXPECT_EQ(claim.factor, 1.0);
  EXPECT_EQ(claim.margin, 0.0);
  EXPECT_EQ(claim.alpha, 0.05);
  for (const std::string test : {"sign", "wilcoxon", "mann_whitney", "welch"}) {
    const ClaimTest read = read_with({{"test", "'" + test + "'"}}).claims.at(0).test;
    EXPECT_EQ(test_name(read), test);
    EXPECT_EQ(is_paired(read), test == "sign" || test == "wilcoxon");
  }
  EXPECT_EQ(better_name(claim.direction), "lower");
  EXPECT_EQ(split_metric(claim.metric).extractor, "");
}

TEST_F(ClaimOfSuite, RefusesWhatItDoesNotKnowWithTheNearMiss) {
  const auto refusal = [&](const std::map<std::string, std::string>& changes, auto message) {
    EXPECT_THAT([&] { read_with(changes); }, ThrowsMessage<Error>(message));
  };
  refusal({{"metrik", "'fd'"}, {"metric", ""}},
          AllOf(HasSubstr(":8:8: unknown key 'metrik'; did you mean 'metric'?")));
  refusal({{"left", "'vae/iwea'"}},
          HasSubstr("left = 'vae/iwea' is no [[member]] of this suite; did you mean 'vae/iwae'?"));
  refusal({{"direction", "'lowr'"}}, HasSubstr("direction = 'lowr' is not known; did you mean"));
  refusal({{"test", "'wilcoxn'"}}, HasSubstr("did you mean 'wilcoxon'?"));
  refusal({{"right", "'vae/iwae'"}}, HasSubstr("left and right are both 'vae/iwae'"));
  refusal({{"factor", "0.5"}}, HasSubstr("factor = 0.5 is out of range"));
  refusal({{"margin", "-1"}}, HasSubstr("margin = -1 is out of range"));
  refusal({{"alpha", "0.5"}}, HasSubstr("alpha = 0.5 is out of range"));
  refusal({{"margin", "'much'"}}, HasSubstr("margin must be a number, not a text"));
}

TEST_F(ClaimOfSuite, NeedsItsSixKeys) {
  for (const std::string key : {"text", "left", "right", "metric", "direction", "test"}) {
    EXPECT_THAT(
        [&] {
          read_with({{key, ""}});
        },
        ThrowsMessage<Error>(AllOf(HasSubstr(":5:"), HasSubstr("'" + key + "' is missing"))))
        << key;
  }
}

TEST_F(ClaimOfSuite, RefusesAMemberThatIsTwoAndATextThatIsThereTwice) {
  EXPECT_THAT([&] { read(kMembers + "[[member]]\nexperiment='vae/iwae'\n" + claim_with({})); },
              ThrowsMessage<Error>(HasSubstr("'vae/iwae' is 2 members of this suite")));
  EXPECT_THAT(
      [&] {
        read(kMembers + claim_with({}) + claim_with({{"test", "'sign'"}}));
      },
      ThrowsMessage<Error>(HasSubstr("has the same text")));
  EXPECT_EQ(read(kMembers + claim_with({}) + claim_with({{"text", "'u'"}})).claims.size(), 2U);
}

using Seeds = std::vector<std::uint64_t>;

Claim claim_by(ClaimTest test) {
  Claim claim;
  claim.left = "vae/iwae";
  claim.right = "vae/plain";
  claim.test = test;
  claim.where = "s.toml:5:1";
  return claim;
}

TEST(ClaimSeeds, AreAtLeastFiveDifferentOnesOnEachSide) {
  const Claim claim = claim_by(ClaimTest::kWelch);
  EXPECT_NO_THROW(check_claim_seeds(claim, Seeds{0, 1, 2, 3, 4}, Seeds{5, 6, 7, 8, 9, 10}));
  EXPECT_THAT(
      [&] {
        check_claim_seeds(claim, Seeds{0, 1, 2, 3, 4}, Seeds{0, 1, 2});
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("s.toml:5:1: "), HasSubstr("at least 5 seeds"),
                                 HasSubstr("'vae/plain' has 3 (0, 1, 2)"))));
  EXPECT_THROW(check_claim_seeds(claim, Seeds{0, 1, 2, 3, 3}, Seeds{0, 1, 2, 3, 4}), Error);
}

TEST(ClaimSeeds, OfAPairedTestAreTheSame) {
  const Seeds left = {0, 1, 2, 3, 4};
  const Seeds right = {0, 1, 2, 3, 5};
  for (const ClaimTest test : {ClaimTest::kSign, ClaimTest::kWilcoxon}) {
    EXPECT_THAT([&] { check_claim_seeds(claim_by(test), left, right); },
                ThrowsMessage<Error>(HasSubstr("compares seed by seed")));
    EXPECT_NO_THROW(check_claim_seeds(claim_by(test), left, Seeds{4, 3, 2, 1, 0}));
  }
  EXPECT_NO_THROW(check_claim_seeds(claim_by(ClaimTest::kMannWhitney), left, right));
}

}  // namespace
}  // namespace assay
