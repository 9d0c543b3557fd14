// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/spread.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

TEST(Spread, IsZeroForACollapsedGeneratorAndTheDeviationOtherwise) {
  EXPECT_EQ(spread(at::full({8, 1, 2, 2}, 0.3F)).item<float>(), 0.0F);
  // Deviations (÷N) of {0,2} and {0,6} are 1 and 3.
  const auto samples = at::tensor({0.0F, 0.0F, 2.0F, 6.0F}).view({2, 2});
  EXPECT_FLOAT_EQ(spread(samples).item<float>(), 2.0F);
}

TEST(Spread, IsLibTorchsDeviationForAnyTypeAndFarFromZero) {
  const auto samples = at::randn({70, 3, 5}, at::kDouble) + 1e4;
  const double expected = samples.flatten(1).std(0, /*unbiased=*/false).mean().item<double>();
  EXPECT_NEAR(spread(samples).item<double>(), expected, 1e-12);
  EXPECT_EQ(spread(samples.to(at::kBFloat16)).scalar_type(), at::kBFloat16);
  const auto rounded = samples.to(at::kFloat);
  const double of_rounded =
      rounded.to(at::kDouble).flatten(1).std(0, /*unbiased=*/false).mean().item<double>();
  EXPECT_NEAR(spread(rounded).item<double>(), of_rounded, 1e-7);
}

TEST(Spread, OfSeveralSeedsIsThatOfEach) {
  const auto stack = at::randn({3, 20, 2}) * at::tensor({1.0F, 2.0F, 3.0F}).view({3, 1, 1});
  const SeedBatchScope scope(3);
  const auto spreads = stack_over_seeds(spread(batch_over_seeds(stack)));
  for (std::int64_t s = 0; s < 3; ++s) {
    const OutsideSeedBatch outside;
    EXPECT_EQ(spreads[s].item<float>(), spread(stack[s]).item<float>());
  }
}

}  // namespace
}  // namespace assay
