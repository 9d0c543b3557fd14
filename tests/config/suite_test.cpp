// SPDX-License-Identifier: Apache-2.0
#include "config/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class SuiteTest : public testing::Test {
 protected:
  fs::path file_ =
      fs::temp_directory_path() / ("assay_suite_" + std::to_string(getpid()) + ".toml");
  Suite read(const std::string& text) {
    write_file_atomically(file_, text);
    return read_suite(file_);
  }
  void TearDown() override { fs::remove(file_); }
};

TEST_F(SuiteTest, ReadsMembersSeedsAndOverrides) {
  const Suite suite = read(
      "note='n'\nsmoke=true\n[[member]]\nexperiment='vae/a'\nseeds=[0,1]\nset=['train.images=5']\n"
      "[[member]]\nexperiment='vae/b'\n");
  EXPECT_TRUE(suite.smoke);
  ASSERT_EQ(suite.members.size(), 2U);
  EXPECT_EQ(suite.members[0].experiment, "vae/a");
  EXPECT_THAT(suite.members[0].seeds, ElementsAre(0, 1));
  EXPECT_EQ(suite.members[0].overrides[0].path, "train.images");
  EXPECT_TRUE(suite.members[1].seeds.empty());
  EXPECT_TRUE(is_suite(file_));
}

TEST_F(SuiteTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT([&] { read("[[member]]\nexperimnt='x'\n"); },
              ThrowsMessage<Error>(
                  HasSubstr(":2:11: unknown key 'experimnt'; did you mean 'experiment'?")));
  EXPECT_THAT([&] { read("[[members]]\nexperiment='x'\n"); },
              ThrowsMessage<Error>(HasSubstr("unknown table [[members]]")));
  EXPECT_THAT([&] { read("note='x'\n"); },
              ThrowsMessage<Error>(HasSubstr("at least one [[member]]")));
  EXPECT_THAT([&] { read("[[member]]\nseeds=[1]\n"); },
              ThrowsMessage<Error>(HasSubstr("needs experiment")));
}

TEST_F(SuiteTest, AMembersSweepIsAMemberOfEachPointWithANameOfItsOwn) {
  const Suite suite = read(
      "[[member]]\nexperiment='diffusion/a'\nas='a'\nset=['train.images=5']\n"
      "sweep=['sampler.steps=5,10']\n[[member]]\nexperiment='diffusion/a'\n");
  ASSERT_EQ(suite.members.size(), 3U);
  EXPECT_EQ(suite.members[0].name, "a sampler.steps=5");
  EXPECT_EQ(suite.members[1].name, "a sampler.steps=10");
  EXPECT_EQ(suite.members[2].name, "diffusion/a");
  ASSERT_EQ(suite.members[1].overrides.size(), 2U);
  EXPECT_EQ(suite.members[1].overrides[0].path, "train.images");
  EXPECT_EQ(suite.members[1].overrides[1].value, "10");
}

TEST_F(SuiteTest, AMembersSweepChangesHowWeightsAreScoredAndNothingElse) {
  EXPECT_THAT(
      [&] { read("[[member]]\nexperiment='a'\nsweep=['objective.beta=1,2']\n"); },
      ThrowsMessage<Error>(HasSubstr("sweep of objective.beta: a member's sweep scores one")));
}

TEST_F(SuiteTest, AClaimOnANameOfTwoMembersIsRefused) {
  const std::string claim =
      "[[claim]]\ntext='t'\nleft='a'\nright='b'\nmetric='fd'\ndirection='lower'\ntest='sign'\n";
  const std::string twice = "[[member]]\nexperiment='a'\n[[member]]\nexperiment='a'\n";
  EXPECT_THAT([&] { read(twice + "[[member]]\nexperiment='b'\n" + claim); },
              ThrowsMessage<Error>(HasSubstr("left = 'a' is 2 members of this suite")));
  EXPECT_EQ(read("[[member]]\nexperiment='x'\nas='a'\n[[member]]\nexperiment='x'\nas='b'\n" + claim)
                .claims.size(),
            1U);
}

TEST(ParseSeeds, TakesEachOnceAndNoneThatOthersWouldReadAsNegative) {
  EXPECT_THAT(parse_seeds("0,0,1,0..2"), ElementsAre(0, 1, 2));
  EXPECT_THAT(parse_seeds("9223372036854775807"), ElementsAre(9223372036854775807U));
  for (const char* large : {"9223372036854775808", "18446744073709551615",
                            "18446744073709551614..18446744073709551615"}) {
    EXPECT_THAT([&] { parse_seeds(large); },
                ThrowsMessage<Error>(HasSubstr("seeds go from 0 to 9223372036854775807")))
        << large;
  }
}

TEST(ParseSeeds, ReadsListsAndRangesThatIncludeBothEnds) {
  EXPECT_THAT(parse_seeds("0,1,2"), ElementsAre(0, 1, 2));
  EXPECT_THAT(parse_seeds("0..4"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(parse_seeds("7,10..11"), ElementsAre(7, 10, 11));
}

TEST(ParseSeeds, RefusesNonsense) {
  for (const char* text : {"", "a", "1,", "-1", "4..0", "0..99999999", "1.5", "1 2"}) {
    EXPECT_THROW(parse_seeds(text), Error) << text;
  }
}

TEST(ExpandSweeps, FormsEveryCombination) {
  const auto points = expand_sweeps({"model.latent_dim=2,4", "objective.beta=1,2,3"});
  ASSERT_EQ(points.size(), 6U);
  EXPECT_EQ(points[0][0].value, "2");
  EXPECT_EQ(points[5][0].value, "4");
  EXPECT_EQ(points[5][1].path, "objective.beta");
  EXPECT_EQ(points[5][1].value, "3");
  EXPECT_EQ(expand_sweeps({}).size(), 1U);
}

TEST(ExpandSweeps, KeepsBracketsTogether) {
  const auto points = expand_sweeps({"model.hidden=[1,2],[3]"});
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0][0].value, "[1,2]");
  EXPECT_THROW(expand_sweeps({"model.hidden"}), Error);
  EXPECT_THROW(expand_sweeps({"model.hidden=1", "model.hidden=2"}), Error);
  EXPECT_THROW(expand_sweeps({"extends=a,b"}), Error);
}

}  // namespace
}  // namespace assay
