// SPDX-License-Identifier: Apache-2.0
#include "nn/seed_batch.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include "core/error.h"
#include "kernels/runtime/seed_batch.h"
#include "nn/noise.h"
#include "nn/optim/gradient_clip.h"

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

TEST(Noise, GivesEverySeedTheDrawsOfItsRunAlone) {
  const auto x = torch::zeros({3, 5, 7});
  std::vector<torch::Tensor> together;
  {
    const SeedBatchScope scope(3);
    const Noise noise(std::vector<torch::Generator>{seeded(1), seeded(2), seeded(3)});
    together = {stack_over_seeds(noise.normal({4, 9}, torch::kFloat)),
                stack_over_seeds(noise.uniform({33}, torch::kFloat)),
                stack_over_seeds(noise.bernoulli_like(batch_over_seeds(x), 0.3))};
  }
  for (std::int64_t s = 0; s < 3; ++s) {
    auto generator = seeded(static_cast<std::uint64_t>(s) + 1);
    EXPECT_TRUE(torch::equal(together[0][s], at::randn({4, 9}, generator)));
    EXPECT_TRUE(torch::equal(together[1][s], at::rand({33}, generator)));
    EXPECT_TRUE(torch::equal(together[2][s], torch::empty({5, 7}).bernoulli_(0.3, generator)));
  }
}

TEST(Noise, ADrawForAnEmptyPlaceTakesNothingFromOthers) {
  torch::Tensor second;
  {
    const SeedBatchScope scope(2);
    const Noise noise(std::vector<torch::Generator>{{}, seeded(5)});
    noise.normal({3}, torch::kFloat);
    second = stack_over_seeds(noise.normal({3}, torch::kFloat));
  }
  auto generator = seeded(5);
  at::randn({3}, generator);
  const auto expected = at::randn({3}, generator);
  EXPECT_TRUE(torch::equal(second[0], expected));
  EXPECT_TRUE(torch::equal(second[1], expected));
}

TEST(SeedBatch, EachSeedsGradientsAreClippedByTheirOwnNorm) {
  // Norms √(3² + 4²) = 5 and 0.5: at most 1, so the first shrinks to a fifth, the second stays.
  auto a = torch::zeros({2, 1}).requires_grad_(), b = torch::zeros({2, 1}).requires_grad_();
  a.mutable_grad() = torch::tensor({{3.0f}, {0.3f}});
  b.mutable_grad() = torch::tensor({{4.0f}, {0.4f}});
  const SeedBatchScope scope(2);
  const auto norms = stack_over_seeds(clip_gradient_norm({a, b}, 1.0));
  EXPECT_TRUE(torch::allclose(norms, torch::tensor({5.0f, 0.5f})));
  EXPECT_TRUE(torch::allclose(a.grad(), torch::tensor({{0.6f}, {0.3f}}), 1e-5));
  EXPECT_TRUE(torch::allclose(b.grad(), torch::tensor({{0.8f}, {0.4f}}), 1e-5));
}

TEST(SeedBatch, EachSeedsLossReachesItsOwnParameters) {
  auto w = torch::tensor({2.0f, 3.0f}).requires_grad_();
  const SeedBatchScope scope(2);
  backward(batch_over_seeds(w).square());  // d w² = 2 w
  EXPECT_TRUE(torch::equal(w.grad(), torch::tensor({4.0f, 6.0f})));
  EXPECT_THROW(backward(torch::ones({}).requires_grad_()), c10::Error);
}

struct OwnParameterImpl : torch::nn::Module {
  OwnParameterImpl() { gain = register_parameter("gain", torch::ones({3})); }
  torch::Tensor forward(const torch::Tensor& x) { return gain * x; }
  torch::Tensor gain;
};
TORCH_MODULE(OwnParameter);

TEST(SeedBatch, AModuleWhoseMembersNobodyKnowsIsNamed) {
  torch::nn::Sequential network(torch::nn::Linear(2, 3), OwnParameter());
  try {
    batch_parameters_over_seeds(*network, "critic");
    FAIL() << "no error";
  } catch (const Error& problem) {
    EXPECT_THAT(problem.what(), testing::HasSubstr("'critic.1.gain'"));
    EXPECT_THAT(problem.what(), testing::HasSubstr("set train.seed_batch = 0"));
  }
}

}  // namespace
}  // namespace assay
