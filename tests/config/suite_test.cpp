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
}

}  // namespace
}  // namespace assay
