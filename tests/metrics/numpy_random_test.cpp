// SPDX-License-Identifier: Apache-2.0
#include "metrics/numerics/numpy_random.h"

#include <gtest/gtest.h>

#include <vector>

#include "oracle.h"

namespace assay {
namespace {

TEST(NumpyRandomState, PermutesAsNumpyDoes) {
  const auto expected =
      oracle_json("oracle.json")["isc"]["perm_seed2020"].get<std::vector<std::int64_t>>();
  EXPECT_EQ(NumpyRandomState(2020).permutation(503), expected);
}

TEST(NumpyRandomState, ChoosesWithoutReplacementAsNumpyDoesFromOneStream) {
  // torch-fidelity's KID: per subset, choice(600, 80) and then choice(500, 80).
  const auto subsets = oracle_json("oracle.json")["kid"]["AB_subset_indices_seed2020"];
  ASSERT_EQ(subsets.size(), 10U);
  NumpyRandomState random(2020);
  for (const auto& subset : subsets) {
    EXPECT_EQ(random.choice(600, 80), subset[0].get<std::vector<std::int64_t>>());
    EXPECT_EQ(random.choice(500, 80), subset[1].get<std::vector<std::int64_t>>());
  }
}

TEST(NumpyRandomState, DrawsNothingForOneNumberOrNone) {
  NumpyRandomState random(2020);
  EXPECT_EQ(random.permutation(1), std::vector<std::int64_t>{0});
  EXPECT_TRUE(random.permutation(0).empty());
  EXPECT_EQ(random.permutation(503), NumpyRandomState(2020).permutation(503));
  EXPECT_THROW(random.choice(3, 4), c10::Error);
}

}  // namespace
}  // namespace assay
