// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/seed_batch.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "kernels/convolution/convolution.h"
#include "kernels/normalisation/batch_norm.h"
#include "kernels/normalisation/group_norm.h"
#include "kernels/pointwise/bernoulli.h"
#include "kernels/pointwise/logistic_loss.h"
#include "kernels/product/linear.h"
#include "kernels/product/matrix_product_tensors.h"
#include "kernels/runtime/vector_unit.h"

namespace assay {
namespace {

constexpr std::int64_t kSeeds = 3;

class SeedBatchTest : public testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    at::manual_seed(1);
  }
};

TEST_F(SeedBatchTest, CodeForOneSeedSeesOneSeedAndComputesAll) {
  const auto stack = at::randn({kSeeds, 4, 5});
  const SeedBatchScope scope(kSeeds);
  const auto x = batch_over_seeds(stack);
  EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{4, 5}));
  EXPECT_TRUE(is_batched_over_seeds(x));
  const auto centred = x - x.mean(0);
  EXPECT_TRUE(at::allclose(stack_over_seeds(centred), stack - stack.mean(1, /*keepdim=*/true)));
}

TEST_F(SeedBatchTest, WhatIsTheSameForAllSeedsIsExpanded) {
  const SeedBatchScope scope(kSeeds);
  const auto one = at::arange(4);
  EXPECT_FALSE(is_batched_over_seeds(one));
  EXPECT_EQ(stack_over_seeds(one).sizes(), (std::vector<std::int64_t>{kSeeds, 4}));
}

TEST_F(SeedBatchTest, ScopesAreNotNestedAndLeaveNothingBehind) {
  {
    const SeedBatchScope scope(kSeeds);
    EXPECT_EQ(seeds_in_batch(), kSeeds);
    EXPECT_THROW(SeedBatchScope(2), c10::Error);
    {
      const OutsideSeedBatch outside;
      EXPECT_EQ(seeds_in_batch(), 0);
    }
    EXPECT_EQ(seeds_in_batch(), kSeeds);
  }
  EXPECT_EQ(seeds_in_batch(), 0);
  EXPECT_EQ(at::randn({2}).numel(), 2);
  EXPECT_THROW(OutsideSeedBatch(), c10::Error);
}

TEST_F(SeedBatchTest, ADrawThatNamesNoSeedIsAnError) {
  const SeedBatchScope scope(kSeeds);
  EXPECT_THROW(at::randn({2}), c10::Error);
  EXPECT_THROW(batch_over_seeds(at::zeros({kSeeds, 2})).clone().normal_(), c10::Error);
}

// Every output and gradient of seed s beside those of the operator on seed s alone.
using Operator = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

void expect_as_alone(const std::vector<at::Tensor>& stacks, const Operator& of,
                     double tolerance = 0.0) {
  const auto same = [&](const at::Tensor& a, const at::Tensor& b) {
    return tolerance > 0.0 ? at::allclose(a, b, tolerance, tolerance) : at::equal(a, b);
  };
  std::vector<at::Tensor> leaves;
  for (const auto& stack : stacks) leaves.push_back(stack.clone().requires_grad_());
  at::Tensor together;
  {
    const SeedBatchScope scope(kSeeds);
    std::vector<at::Tensor> batched;
    for (const auto& leaf : leaves) batched.push_back(batch_over_seeds(leaf));
    together = stack_over_seeds(of(batched));
  }
  const auto direction = at::randn_like(together);
  const auto gradients = torch::autograd::grad({together}, leaves, {direction});
  for (std::int64_t s = 0; s < kSeeds; ++s) {
    std::vector<at::Tensor> alone;
    for (const auto& stack : stacks) alone.push_back(stack[s].clone().requires_grad_());
    const auto y = of(alone);
    EXPECT_TRUE(same(y, together[s])) << "seed " << s;
    const auto expected = torch::autograd::grad({y}, alone, {direction[s]});
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(same(expected[i], gradients[i][s])) << "gradient " << i << " of seed " << s;
    }
  }
}

TEST_F(SeedBatchTest, ALinearLayerHasTheBitsOfEachSeedAlone) {
  // Where a processor has no vectors LibTorch multiplies, one seed otherwise than several.
  const double tolerance = vector_unit() == VectorUnit::kNone ? 1e-5 : 0.0;
  const auto x = at::randn({kSeeds, 10, 7}), w = at::randn({kSeeds, 5, 7}),
             b = at::randn({kSeeds, 5});
  expect_as_alone(
      {x, w, b}, [](const auto& t) { return linear(t[0], t[1], t[2]); }, tolerance);
  expect_as_alone(
      {x, w}, [](const auto& t) { return linear(t[0], t[1], at::Tensor()); }, tolerance);
  // Few inputs, and so many weights that BLAS may multiply, whose bits may depend on where a matrix
  // lies in memory.
  for (const auto& [in, out] : {std::pair{2, 30}, {190, 120}, {131, 157}}) {
    expect_as_alone(
        {at::randn({kSeeds, 9, in}), at::randn({kSeeds, out, in})},
        [](const auto& t) { return linear(t[0], t[1], at::Tensor()); },
        multiplies_by_loops(std::int64_t{in} * out) ? tolerance : 1e-5);
  }
}

// 3 · 128 · 64 · 40 multiplications, which threads share.
TEST_F(SeedBatchTest, ALinearLayersBitsDoNotDependOnTheNumberOfThreads) {
  if (vector_unit() == VectorUnit::kNone) GTEST_SKIP() << "this processor has no vectors";
  const std::vector<at::Tensor> leaves = {at::randn({kSeeds, 128, 64}).requires_grad_(),
                                          at::randn({kSeeds, 40, 64}).requires_grad_(),
                                          at::randn({kSeeds, 40}).requires_grad_()};
  const auto with = [&](int threads) {
    at::set_num_threads(threads);
    at::Tensor y;
    {
      const SeedBatchScope scope(kSeeds);
      y = stack_over_seeds(linear(batch_over_seeds(leaves[0]), batch_over_seeds(leaves[1]),
                                  batch_over_seeds(leaves[2])));
    }
    auto all = torch::autograd::grad({y.square().sum()}, leaves);
    all.push_back(y);
    return all;
  };
  const auto one = with(1), two = with(2);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], two[i])) << i;
}

TEST_F(SeedBatchTest, WhatIsTheSameForAllSeedsIsComputedAsOutside) {
  const auto x = at::randn({10, 7}).requires_grad_(), w = at::randn({5, 7}).requires_grad_();
  const auto of = [&] {
    const auto y = linear(x, w, at::Tensor());
    const auto loss = y.sum() + logistic_loss(y, true);
    auto all = torch::autograd::grad({loss}, {x, w});
    all.push_back(loss);
    return all;
  };
  const auto outside = of();
  const SeedBatchScope scope(kSeeds);
  const auto inside = of();
  for (std::size_t i = 0; i < inside.size(); ++i) {
    EXPECT_TRUE(at::allclose(inside[i], outside[i], 1e-5, 1e-6)) << i;
  }
}

TEST_F(SeedBatchTest, ALogisticLossHasTheBitsOfEachSeedAlone) {
  const double tolerance = vector_unit() == VectorUnit::kNone ? 1e-5 : 0.0;
  for (const bool truth : {false, true}) {
    expect_as_alone(
        {at::randn({kSeeds, 50, 1})}, [&](const auto& t) { return logistic_loss(t[0], truth); },
        tolerance);
  }
}

TEST_F(SeedBatchTest, ALinearLayerIsDifferentiatedTwice) {
  const auto x = at::randn({kSeeds, 4, 3}).requires_grad_(),
             w = at::randn({kSeeds, 2, 3}).requires_grad_();
  at::Tensor y;
  {
    const SeedBatchScope scope(kSeeds);
    y = stack_over_seeds(linear(batch_over_seeds(x), batch_over_seeds(w), at::Tensor()));
  }
  // Σ y² has the gradient 2 y W by x; its sum has the gradient 2 Σ_o W_oi Σ_p W_op by x_i.
  const auto first = torch::autograd::grad({y.square().sum()}, {x}, {}, true, true)[0];
  const auto second = torch::autograd::grad({first.sum()}, {x})[0];
  const auto expected = 2.0 * at::matmul(w.transpose(1, 2), w.sum(2, true)).transpose(1, 2);
  EXPECT_TRUE(at::allclose(second, expected.expand_as(second), 1e-5, 1e-5));
}

void expect_batch_norm_as_alone(const at::Tensor& x, double tolerance) {
  const auto scale = at::rand({kSeeds, 6}), bias = at::randn({kSeeds, 6});
  const auto mean = at::zeros({kSeeds, 6}), variance = at::ones({kSeeds, 6});
  const auto mean_alone = at::zeros({6}), variance_alone = at::ones({6});
  expect_as_alone(
      {x, scale, bias},
      [&](const auto& t) {
        if (!is_batched_over_seeds(t[0])) {
          mean_alone.zero_();
          variance_alone.fill_(1.0);
          return at::batch_norm(t[0], t[1], t[2], mean_alone, variance_alone, true, 0.1, 1e-5,
                                false);
        }
        return batch_norm_over_seeds(
            t[0], {t[1], t[2], batch_over_seeds(mean), batch_over_seeds(variance)}, true, 0.1,
            1e-5);
      },
      tolerance);
  // What the last seed left alone.
  EXPECT_TRUE(at::allclose(mean[kSeeds - 1], mean_alone, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(variance[kSeeds - 1], variance_alone, 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(mean[0], mean[1]));
}

TEST_F(SeedBatchTest, BatchNormalisationOfImagesHasTheBitsOfEachSeedAlone) {
  expect_batch_norm_as_alone(at::randn({kSeeds, 9, 6, 2, 2}), 0.0);
}

TEST_F(SeedBatchTest, BatchNormalisationOfRowsIsThatOfEachSeedAlone) {
  expect_batch_norm_as_alone(3.0 + at::randn({kSeeds, 37, 6}), 1e-5);
}

TEST_F(SeedBatchTest, ConvolutionsHaveTheBitsOfEachSeedAlone) {
  for (const auto mode : {ConvolutionMode::kExact, ConvolutionMode::kWinograd}) {
    const ConvolutionModeScope scope(mode);
    expect_as_alone({at::randn({kSeeds, 4, 8, 12, 12}), at::randn({kSeeds, 16, 8, 3, 3}),
                     at::randn({kSeeds, 16})},
                    [](const auto& t) {
                      return convolution(t[0], t[1], t[2], {1, 1});
                    });
    expect_as_alone({at::randn({kSeeds, 4, 8, 6, 6}), at::randn({kSeeds, 8, 16, 4, 4})},
                    [](const auto& t) {
                      return transposed_convolution(t[0], t[1], {}, {2, 1});
                    });
  }
}

TEST_F(SeedBatchTest, GroupNormalisationHasTheBitsOfEachSeedAlone) {
  expect_as_alone({at::randn({kSeeds, 4, 8, 5, 5}), at::randn({kSeeds, 4, 8}),
                   at::rand({kSeeds, 8}), at::randn({kSeeds, 8})},
                  [](const auto& t) {
                    return group_norm_silu(t[0], {t[1], t[2], t[3]}, 4, 1e-5);
                  });
}

TEST_F(SeedBatchTest, BernoulliCrossEntropyHasTheBitsOfEachSeedAlone) {
  const auto x = at::rand({kSeeds, 4, 1, 6, 6}), logits = at::randn({kSeeds, 4, 1, 6, 6});
  expect_as_alone({x, logits}, [](const auto& t) { return bernoulli_cross_entropy(t[0], t[1]); });
}

}  // namespace
}  // namespace assay
