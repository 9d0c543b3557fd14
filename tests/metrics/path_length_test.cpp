// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/path_length.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(PercentileMean, DropsWhatLiesOutsideOfNumpysPercentiles) {
  // 0 … 100: percentile 1 (lower) is 1 and 99 (higher) is 99. The mean of 1 … 99 is 50, whatever
  // the dropped ends are.
  auto values = at::arange(101).to(at::kDouble);
  values[0] = -1e6;
  values[100] = 1e9;
  EXPECT_DOUBLE_EQ(percentile_mean(values.flip(0), 1, 1).value, 50.0);
  // 0 … 9: 10 % of the way is index 0.9, lower 0; 75 % is 6.75, higher 7. Mean of 0 … 7.
  EXPECT_DOUBLE_EQ(percentile_mean(at::arange(10).to(at::kDouble), 10, 25).value, 3.5);
  // 12 %: 1.08, lower 1. Mean of 1 … 9.
  EXPECT_DOUBLE_EQ(percentile_mean(at::arange(10).to(at::kDouble), 12, 0).value, 5.0);
}

TEST(PercentileMean, KeepsAllThatEqualAnEnd) {
  // Sorted 0 2 2 2 8: 30 % is index 1.2, lower 1, the value 2. All three twos stay.
  const auto values = at::tensor({2.0, 8.0, 2.0, 0.0, 2.0}, at::kDouble);
  EXPECT_DOUBLE_EQ(percentile_mean(values, 30, 30).value, (2.0 + 2.0 + 2.0) / 3.0);
  EXPECT_DOUBLE_EQ(percentile_mean(values, 30, 10).value, (2.0 + 2.0 + 2.0 + 8.0) / 4.0);
}

TEST(PercentileMean, WithoutTrimmingIsTheMean) {
  const auto values = normal_matrix(1, 1, 50)[0];
  const Mean plain = mean_of(values);
  EXPECT_NEAR(percentile_mean(values, 0, 0).value, plain.value, 1e-15);
  EXPECT_NEAR(percentile_mean(values, 0, 0).standard_error, plain.standard_error, 1e-15);
}

TEST(PercentileMean, StandardErrorIsTheSpreadOverSamples) {
  // Skewed as path lengths are; the spread of 400 draws is known to 4 %.
  std::vector<double> values;
  std::vector<double> errors;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Mean mean = percentile_mean(normal_matrix(seed, 1, 300)[0].exp(), 5, 10);
    values.push_back(mean.value);
    errors.push_back(mean.standard_error);
  }
  const double spread = at::tensor(values, at::kDouble).std().item<double>();
  EXPECT_NEAR(at::tensor(errors, at::kDouble).mean().item<double>(), spread, 0.1 * spread);
}

TEST(Ppl, StatesItsProtocolAndRefusesWhatIsNoDistance) {
  MetricInputs inputs;
  EXPECT_THAT(refusal([&] { metric("ppl").compute(inputs); }), HasSubstr("path input is absent"));
  inputs.features.path_distances = at::arange(101).to(at::kDouble);
  const auto value = metric("ppl").compute(inputs);
  EXPECT_DOUBLE_EQ(value.value, 50.0);
  EXPECT_EQ(value.protocol.at("trim_low"), "1");
  EXPECT_EQ(value.protocol.at("trim_high"), "1");
  EXPECT_EQ(value.protocol.at("n_generated"), "101");
  inputs.features.path_distances[3] = -1.0;
  EXPECT_THAT(refusal([&] { metric("ppl").compute(inputs); }), HasSubstr("negative values"));
}

}  // namespace
}  // namespace assay
