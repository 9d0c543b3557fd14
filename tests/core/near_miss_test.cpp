// SPDX-License-Identifier: Apache-2.0
#include "core/near_miss.h"

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

}  // namespace
}  // namespace assay
