// SPDX-License-Identifier: Apache-2.0
#include "reports/evaluation_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay {
namespace {

// 1, 2, …, n at 100, 200, … images, after an untrained value that must not count.
SeedRecords rising(int n, double untrained) {
  SeedRecords records = {{0, untrained}};
  for (int i = 1; i <= n; ++i) records.emplace_back(100 * i, i);
  return records;
}

TEST(EvaluationChoice, AveragesTheLastTenAndFindsEachSeedsBest) {
  const std::vector<SeedRecords> seeds = {rising(12, -50), rising(20, 90)};
  const EvaluationChoice choice = evaluation_choice(seeds);
  EXPECT_EQ(choice.evaluations, 12);
  // (3 + … + 12)/10 = 7.5 and (11 + … + 20)/10 = 15.5.
  EXPECT_DOUBLE_EQ(*choice.last_ten.mean, 11.5);
  EXPECT_DOUBLE_EQ(*choice.lowest.mean, 1.0);
  EXPECT_DOUBLE_EQ(*choice.highest.mean, 16.0);
  EXPECT_EQ(best_evaluation(choice, Better::kLower), &choice.lowest);
  EXPECT_EQ(best_evaluation(choice, Better::kHigher), &choice.highest);
  EXPECT_EQ(best_evaluation(choice, std::nullopt), nullptr);
}

TEST(EvaluationChoice, SaysNothingOfASeedWithFewerThanTen) {
  EXPECT_EQ(evaluation_choice(std::vector{rising(20, 0), rising(9, 0)}).evaluations, 0);
  EXPECT_EQ(evaluation_choice({}).evaluations, 0);
  EXPECT_EQ(best_evaluation(evaluation_choice({}), Better::kLower), nullptr);
}

TEST(EvaluationChoice, CountsAnAverageOverWhatIsNotFiniteApart) {
  SeedRecords bad = rising(12, 0);
  bad.back().second = std::nan("");
  const EvaluationChoice choice = evaluation_choice(std::vector{bad, rising(12, 0)});
  EXPECT_EQ(choice.last_ten.n, 1);
  EXPECT_EQ(choice.last_ten.non_finite, 1);
  EXPECT_DOUBLE_EQ(*choice.highest.mean, 11.5);
}

}  // namespace
}  // namespace assay
