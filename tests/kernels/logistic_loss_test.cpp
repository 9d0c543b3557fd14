// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/logistic_loss.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "kernels/runtime/seed_batch.h"
#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

at::Tensor by_definition(const at::Tensor& logits, bool truth) {
  const auto p = logits.sigmoid();
  return -(truth ? p : 1 - p).log().mean();
}

class LogisticLoss : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { at::manual_seed(5); }
};

TEST_P(LogisticLoss, IsTheMeanSurprisal) {
  for (const auto& sizes : {std::vector<std::int64_t>{77, 1}, {3, 1, 4, 4}, {1}}) {
    const auto logits = 4.0 * at::randn(sizes);
    const double expected = by_definition(logits.to(at::kDouble), GetParam()).item<double>();
    EXPECT_NEAR(logistic_loss(logits, GetParam()).item<double>(), expected, 1e-6 * expected);
    EXPECT_NEAR(logistic_loss(logits.to(at::kDouble), GetParam()).item<double>(), expected, 1e-12);
  }
}

TEST_P(LogisticLoss, GradientsAreFiniteDifferencesInF64) {
  const auto logits = at::randn({70, 1}).requires_grad_();
  logistic_loss(logits, GetParam()).backward();
  expect_finite_differences([](const auto& t) { return by_definition(t[0], GetParam()); },
                            {logits});
}

TEST_P(LogisticLoss, SecondDerivativeIsThatOfSoftplus) {
  const auto logits = at::randn({6, 2}).requires_grad_();
  const auto first =
      torch::autograd::grad({logistic_loss(logits, GetParam())}, {logits}, {}, true, true)[0];
  const auto second = torch::autograd::grad({first.sum()}, {logits})[0];
  const auto p = logits.sigmoid();
  EXPECT_TRUE(at::allclose(second, p * (1 - p) / 12.0, 1e-5, 1e-7));
}

TEST_P(LogisticLoss, StaysFiniteForLargeLogits) {
  const auto large = at::full({3}, GetParam() ? -1e4 : 1e4);
  EXPECT_FLOAT_EQ(logistic_loss(large, GetParam()).item<float>(), 1e4F);
  EXPECT_NEAR(logistic_loss(-large, GetParam()).item<float>(), 0.0, 1e-37);
}

// Of discriminators that have diverged: a whole vector of logits, and one beside it.
TEST_P(LogisticLoss, OfInfiniteLogitsIsZeroOrInfinite) {
  for (const double sign : {1.0, -1.0}) {
    const auto logits = at::full({33}, sign * INFINITY).requires_grad_();
    const auto loss = logistic_loss(logits, GetParam());
    const bool right = (sign > 0.0) == GetParam();
    if (right) {
      EXPECT_NEAR(loss.item<float>(), 0.0F, 1e-37);
    } else {
      EXPECT_EQ(loss.item<float>(), INFINITY);
    }
    loss.backward();
    const double expected = right ? 0.0 : sign / 33.0;
    EXPECT_TRUE(at::allclose(logits.grad(), at::full({33}, expected), 1e-6, 1e-37)) << sign;
  }
}

TEST_P(LogisticLoss, OfSeveralSeedsHasTheDerivativesOfEach) {
  const auto stack = at::randn({3, 6, 2}).requires_grad_();
  at::Tensor losses;
  {
    const SeedBatchScope scope(3);
    losses = stack_over_seeds(logistic_loss(batch_over_seeds(stack), GetParam()));
  }
  const auto direction = at::tensor({1.0F, -2.0F, 0.5F});
  const auto first =
      torch::autograd::grad({losses}, {stack}, {direction}, true, /*create_graph=*/true)[0];
  const auto second = torch::autograd::grad({first.sum()}, {stack})[0];
  const auto p = stack.sigmoid(), factor = direction.view({3, 1, 1}) / 12.0;
  EXPECT_TRUE(at::allclose(first, factor * (p - (GetParam() ? 1.0 : 0.0)), 1e-5, 1e-7));
  EXPECT_TRUE(at::allclose(second, factor * p * (1 - p), 1e-5, 1e-7));
}

TEST_P(LogisticLoss, SaysSoIfALogitIsNoNumber) {
  const auto logits = at::tensor({1.0F, NAN, 2.0F});
  EXPECT_TRUE(std::isnan(logistic_loss(logits, GetParam()).item<float>()));
}

INSTANTIATE_TEST_SUITE_P(Truths, LogisticLoss, testing::Bool());

TEST(LogisticAccuracy, CountsWhatIsOnTheRightSideOfZero) {
  const auto logits = at::tensor({-1.0F, 0.0F, 2.0F, 3.0F, -4.0F});
  EXPECT_FLOAT_EQ(logistic_accuracy(logits, true).item<float>(), 0.4F);
  EXPECT_FLOAT_EQ(logistic_accuracy(logits, false).item<float>(), 0.6F);
  EXPECT_FLOAT_EQ(logistic_accuracy(logits.to(at::kDouble), false).item<float>(), 0.6F);
  // No number is on neither side.
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto scores = at::tensor({0.2, 0.5, 0.7}).to(type);
    EXPECT_FLOAT_EQ(logistic_accuracy(scores, true, 0.5).item<float>(), 1.0F / 3.0F);
    EXPECT_FLOAT_EQ(logistic_accuracy(scores, false, 0.5).item<float>(), 2.0F / 3.0F);
  }
  EXPECT_EQ(logistic_accuracy(at::tensor({NAN}), true).item<float>(), 0.0F);
  EXPECT_EQ(logistic_accuracy(at::tensor({NAN}), false).item<float>(), 0.0F);
}

TEST(LogisticAccuracy, OfSeveralSeedsIsThatOfEach) {
  const auto stack = at::randn({3, 20, 1});
  const SeedBatchScope scope(3);
  const auto shares = stack_over_seeds(logistic_accuracy(batch_over_seeds(stack), true));
  const OutsideSeedBatch outside;
  for (std::int64_t s = 0; s < 3; ++s) {
    EXPECT_EQ(shares[s].item<float>(), logistic_accuracy(stack[s], true).item<float>());
  }
}

}  // namespace
}  // namespace assay
