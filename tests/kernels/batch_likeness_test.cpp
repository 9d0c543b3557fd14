// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/batch_likeness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/product/batch_likeness_kernels.h"
#include "kernels/runtime/seed_batch.h"
#include "tests/kernels/finite_difference.h"
#include "tests/kernels/second_difference.h"
#include "tests/kernels/vector_unit_test.h"

namespace assay {
namespace {

// By the definition, number for number.
at::Tensor by_definition(const at::Tensor& m) {
  const auto count = m.size(0), kernels = m.size(1);
  auto sums = at::zeros({count, kernels}, at::kDouble);
  for (std::int64_t b = 0; b < kernels; ++b) {
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < count; ++j) {
        const double distance = (m[i][b] - m[j][b]).abs().sum().item<double>();
        sums[i][b] += std::exp(-distance);
      }
    }
  }
  return sums;
}

TEST(BatchLikeness, SumsWhatIsLeftOfEachNeighbour) {
  at::manual_seed(1);
  for (const auto& sizes :
       std::vector<std::vector<std::int64_t>>{{1, 2, 3}, {5, 1, 1}, {17, 2, 4}, {33, 3, 5}}) {
    const auto m = at::randn(sizes);
    const auto right = by_definition(m.to(at::kDouble));
    EXPECT_TRUE(at::allclose(batch_likeness(m).to(at::kDouble), right, 1e-5, 1e-6)) << sizes;
    EXPECT_TRUE(at::allclose(batch_likeness(m.to(at::kDouble)), right, 1e-12, 1e-12)) << sizes;
  }
}

TEST(BatchLikeness, OfOneExampleOverAndOverIsTheBatch) {
  const auto same = at::randn({1, 2, 3}).expand({20, 2, 3});
  EXPECT_TRUE(at::equal(batch_likeness(same), at::full({20, 2}, 20.0F)));
  // Of examples far apart nothing is left but each itself.
  const auto far = at::arange(20.0F).mul(1e3F).view({20, 1, 1});
  EXPECT_TRUE(at::equal(batch_likeness(far), at::ones({20, 1})));
}

TEST(BatchLikeness, HasTheGradientOfFiniteDifferencesInF64) {
  at::manual_seed(2);
  const auto weights = at::randn({19, 3});
  auto m = at::randn({19, 3, 4}).requires_grad_();
  (batch_likeness(m) * weights).sum().backward();
  expect_finite_differences(
      [&](const auto& t) { return (batch_likeness(t[0]) * weights.to(at::kDouble)).sum(); }, {m});
}

TEST(BatchLikeness, HasNoSlopeBetweenEqualValues) {
  auto m = at::zeros({3, 1, 1});
  m[2][0][0] = 1.0F;
  m.requires_grad_();
  batch_likeness(m).sum().backward();
  // Each pair stands in the sum twice: 2e⁻¹ by either of the equal ones, −4e⁻¹ by the third.
  const double e = std::exp(-1.0);
  EXPECT_TRUE(at::allclose(m.grad().flatten().to(at::kDouble),
                           at::tensor({2.0 * e, 2.0 * e, -4.0 * e}, at::kDouble), 1e-6));
}

TEST(BatchLikeness, CanBeDifferentiatedTwice) {
  at::manual_seed(3);
  expect_first_and_second_differences([](const auto& t) { return batch_likeness(t[0]); },
                                      {at::randn({6, 2, 3}, at::kDouble)});
  // f32, which trains: what unrolled steps ask for.
  auto m = at::randn({18, 2, 3}).requires_grad_();
  auto exact = m.detach().to(at::kDouble).requires_grad_();
  const auto second = [](const at::Tensor& of) {
    const auto first = torch::autograd::grad({batch_likeness(of).square().sum()}, {of}, {}, true,
                                             /*create_graph=*/true)[0];
    return torch::autograd::grad({first.square().sum()}, {of})[0];
  };
  EXPECT_TRUE(at::allclose(second(m).to(at::kDouble), second(exact), 1e-3, 1e-3));
}

TEST(BatchLikeness, OfSeveralSeedsIsThatOfEachToTheBit) {
  at::manual_seed(4);
  auto stack = at::randn({3, 18, 2, 5}).requires_grad_();
  const auto weights = at::randn({18, 2});
  at::Tensor found;
  {
    const SeedBatchScope scope(3);
    found = stack_over_seeds(batch_likeness(batch_over_seeds(stack)));
  }
  (found * weights).sum().backward();
  for (std::int64_t s = 0; s < 3; ++s) {
    auto alone = stack[s].detach().requires_grad_();
    const auto likeness = batch_likeness(alone);
    EXPECT_TRUE(at::equal(found[s], likeness));
    (likeness * weights).sum().backward();
    EXPECT_TRUE(at::equal(stack.grad()[s], alone.grad()));
  }
}

TEST(BatchLikeness, SaysSoIfAValueIsNoNumber) {
  auto m = at::randn({20, 2, 3});
  m[7][1][2] = NAN;
  const auto found = batch_likeness(m);
  EXPECT_TRUE(found.select(1, 1).isnan().all().item<bool>());
  EXPECT_TRUE(found.select(1, 0).isfinite().all().item<bool>());
}

using LikenessLoops = VectorUnitTest;

TEST_P(LikenessLoops, AreTheDefinition) {
  constexpr std::int64_t kCount = 37, kDimensions = 3;
  at::manual_seed(5);
  const auto m = at::randn({kCount, 1, kDimensions});
  const auto rows = m.select(1, 0).t().contiguous();
  std::vector<float> buffer(kCount), found(kCount);
  likeness_kernels(GetParam())
      ->forward({rows.const_data_ptr<float>(), kCount, kDimensions, buffer.data()}, found.data());
  const auto right = by_definition(m.to(at::kDouble));
  for (std::int64_t i = 0; i < kCount; ++i) {
    EXPECT_NEAR(found[static_cast<std::size_t>(i)], right[i][0].item<double>(), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Units, LikenessLoops, vector_units(), unit_name);

}  // namespace
}  // namespace assay
