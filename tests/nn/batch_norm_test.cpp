// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/batch_norm.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <vector>

#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

constexpr double kEpsilon = 0.3, kMomentum = 0.05;

torch::Tensor drawn(at::IntArrayRef sizes, std::uint64_t seed) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed)) * 2.0 + 1.0;
}

// Mean and √(variance + ε) of each channel, variance ÷N; as [1,C,1,…].
std::pair<torch::Tensor, torch::Tensor> statistics(const torch::Tensor& x) {
  std::vector<std::int64_t> axes = {0};
  for (std::int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  const auto mean = x.mean(axes, true);
  return {mean, ((x - mean).square().mean(axes, true) + kEpsilon).sqrt()};
}

TEST(DeviationBatchNorm, DividesByTheBatchsDeviationAndThenByItsAverage) {
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{7, 3}, {5, 3, 4, 4}}) {
    const torch::NoGradGuard no_grad;
    DeviationBatchNorm norm(3, kEpsilon, kMomentum);
    const auto first = drawn(sizes, 1), second = drawn(sizes, 2);
    const auto [mean, deviation] = statistics(first);
    EXPECT_TRUE(torch::allclose(norm(first), (first - mean) / deviation, 1e-5, 1e-5));
    const auto [second_mean, second_deviation] = statistics(second);
    norm(second);
    norm->eval();
    // From 0 and 1.
    const auto average = 0.95 * (0.05 * mean) + 0.05 * second_mean;
    const auto of_deviations = 0.95 * (0.95 + 0.05 * deviation) + 0.05 * second_deviation;
    EXPECT_TRUE(torch::allclose(norm(first), (first - average) / of_deviations, 1e-5, 1e-5));
    const auto held = norm->buffers()[1].clone();
    norm(second);
    EXPECT_TRUE(torch::equal(norm->buffers()[1], held));
  }
}

TEST(DeviationBatchNorm, OfSeveralSeedsIsEachSeedsOwn) {
  const torch::NoGradGuard no_grad;
  const auto x = at::stack({drawn({7, 3}, 1), drawn({7, 3}, 2)});
  std::vector<torch::Tensor> alone, averages;
  for (int seed = 0; seed < 2; ++seed) {
    DeviationBatchNorm norm(3, kEpsilon, kMomentum);
    alone.push_back(norm(x[seed]));
    averages.push_back(norm->buffers()[1]);
  }
  DeviationBatchNorm norm(3, kEpsilon, kMomentum);
  std::vector<torch::Tensor> stacks;
  const SeedBatchScope scope(2);
  for (torch::Tensor* held : norm->held_tensors()) {
    stacks.push_back(at::stack({*held, *held}));
    *held = batch_over_seeds(stacks.back());
  }
  const auto y = stack_over_seeds(norm(batch_over_seeds(x)));
  const OutsideSeedBatch outside;
  EXPECT_TRUE(torch::allclose(y, at::stack(alone), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(stacks[3], at::stack(averages), 1e-5, 1e-6));
}

}  // namespace
}  // namespace assay
