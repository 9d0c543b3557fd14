// SPDX-License-Identifier: Apache-2.0
#include "core/near_miss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace assay {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);  // the textbook example
  EXPECT_EQ(edit_distance("rnu", "run"), 1U);         // one swap
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
}

TEST(NearMiss, FindsWhatWasMeantAndNothingFarAway) {
  const std::vector<std::string> known = {"batch_size", "images", "learning_rate"};
  EXPECT_EQ(near_miss("batch_sise", known), "batch_size");
  EXPECT_EQ(near_miss("learnign_rate", known), "learning_rate");
  EXPECT_EQ(near_miss("zebra", known), std::nullopt);
  EXPECT_EQ(near_miss(std::string(1 << 20, 'a'), known), std::nullopt);
}

TEST(NearMiss, IsSpelledOutInSuggestions) {
  const std::vector<std::string> known = {"run", "show"};
  EXPECT_EQ(suggestion("rnu", known, "commands"),
            "; did you mean 'run'? Known commands: run, show");
  EXPECT_EQ(suggestion("xyzzy", known, "commands"), ". Known commands: run, show");
}

TEST(NearWords, AreTheNearestByEditsThenThoseThatShareAWord) {
  const std::vector<std::string> known = {"gan/ring",       "vae/digits",      "vae/mnist",
                                          "vae/mnist_conv", "vae/shapes_conv", "vq_vae/mnist"};
  // One swap, and three edits of the nine letters' reach of three; others share "vae".
  EXPECT_EQ(near_words("vae/mnits", known, 2),
            (std::vector<std::string>{"vae/mnist", "vae/digits"}));
  EXPECT_THAT(near_words("something/conv", known),
              testing::UnorderedElementsAre("vae/mnist_conv", "vae/shapes_conv"));
  EXPECT_TRUE(near_words("zebra", known).empty());
  EXPECT_TRUE(near_words(std::string(1 << 20, 'a'), known).empty());
}

TEST(ShortSuggestion, NamesAFewAndWhereAllAre) {
  std::vector<std::string> known = {"vae/mnist", "vae/digits"};
  for (int i = 0; i < 80; ++i) known.push_back("gan/" + std::to_string(i));
  EXPECT_EQ(short_suggestion("vae/mnits", known, "names", "`assay list` shows"),
            "; did you mean 'vae/mnist'? Others like it: vae/digits. `assay list` shows all 82 "
            "names");
  EXPECT_EQ(short_suggestion("xyzzy", known, "names", "`assay list` shows"),
            ". `assay list` shows all 82 names");
}

}  // namespace
}  // namespace assay
