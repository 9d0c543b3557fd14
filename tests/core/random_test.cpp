// SPDX-License-Identifier: Apache-2.0
#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace assay {
namespace {

// printf 'assay stream v1\0%s\0%s' 0 init | sha256sum, first eight bytes read little-endian
// (Python's hashlib).
TEST(StreamSeed, IsTheDocumentedDigest) {
  EXPECT_EQ(stream_seed(0, "init"), 0x894ffe24a8d0a6caULL);
  EXPECT_EQ(stream_seed(7, "order"), 0x15060f881977f41dULL);
}

TEST(StreamSeed, DiffersByNameAndBySeed) {
  std::set<std::uint64_t> seeds;
  for (const char* name : {"init", "order", "train_noise", "eval_noise"}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) seeds.insert(stream_seed(seed, name));
  }
  EXPECT_EQ(seeds.size(), 200U);
}

// The standard fixes the 10,000th draw of a default-constructed engine (seed 5489).
TEST(RandomStream, IsTheStandardMersenneTwister) {
  RandomStream stream(5489);
  std::uint64_t last = 0;
  for (int i = 0; i < 10000; ++i) last = stream.bits();
  EXPECT_EQ(last, 9981545732273789042ULL);
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream stream(1);
  std::vector<int> counts(6, 0);
  for (int i = 0; i < 60000; ++i) ++counts[stream.below(6)];
  // Standard deviation of a count: sqrt(60000 · 1/6 · 5/6) = 91; five of them.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 456);
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
  RandomStream stream(2);
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.normal();
    sum += x;
    squares += x * x;
  }
  // Five standard errors: 5/sqrt(n) and 5·sqrt(2/n).
  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
}

TEST(RandomStream, PermutationHoldsEveryNumberOnce) {
  auto order = RandomStream(3).permutation(1000);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(RandomStream, ChoiceIsThePermutationsStart) {
  const auto order = RandomStream(3).permutation(1000);
  const auto drawn = RandomStream(3).choice(1000, 10);
  EXPECT_EQ(drawn, std::vector<std::int64_t>(order.begin(), order.begin() + 10));
}

TEST(RandomUuid, IsVersionFourAndNew) {
  const std::string a = random_uuid(), b = random_uuid();
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), 36U);
  EXPECT_EQ(a[14], '4');
  EXPECT_NE(std::string("89ab").find(a[19]), std::string::npos);
}

}  // namespace
}  // namespace assay
