// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/sequential.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <optional>
#include <string>
#include <vector>

#include "kernels/runtime/seed_batch.h"
#include "kernels/runtime/vector_unit.h"
#include "nn/blocks/batch_norm.h"
#include "nn/blocks/linear.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

constexpr std::int64_t kSeeds = 3;

torch::nn::LeakyReLU leaky_relu() {
  return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2).inplace(true));
}

// Linear layers with and without what a perceptron takes between them, and what it does not take.
Sequential network() {
  Sequential layers;
  layers->push_back(torch::nn::Flatten());
  layers->push_back(Linear(6, 8));
  layers->push_back(BatchNorm1d(8));
  layers->push_back(leaky_relu());
  layers->push_back(Linear(8, 5));
  layers->push_back(torch::nn::Tanh());
  layers->push_back(Linear(5, 7));
  layers->push_back(torch::nn::ReLU());
  layers->push_back(Linear(7, 6));
  layers->push_back(torch::nn::Unflatten(torch::nn::UnflattenOptions(1, {2, 3})));
  return layers;
}

// One network whose state is the stack of three, and these three.
struct Networks {
  Sequential together = network();
  std::vector<Sequential> alone;

  Networks() {
    for (std::int64_t s = 0; s < kSeeds; ++s) alone.push_back(network());
    const torch::NoGradGuard no_grad;
    const auto stack = [&](const std::string& name, torch::Tensor& value, auto get) {
      std::vector<torch::Tensor> parts;
      for (const auto& one : alone) parts.push_back(get(*one)[name]);
      value.set_data(torch::stack(parts));
    };
    for (auto& item : together->named_parameters()) {
      stack(item.key(), item.value(), [](auto& one) { return one.named_parameters(); });
    }
    for (auto& item : together->named_buffers()) {
      stack(item.key(), item.value(), [](auto& one) { return one.named_buffers(); });
    }
    batch_parameters_over_seeds(*together, "network");
  }
};

class SequentialOverSeeds : public testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    torch::manual_seed(4);
  }

  torch::Tensor through(const torch::Tensor& x) {
    const SeedBatchScope scope(kSeeds);
    const auto y = networks_->together->forward(batch_over_seeds(x));
    EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{20, 2, 3}));
    return stack_over_seeds(y);
  }
  // Made after the seed is set.
  std::optional<Networks> networks_;
};

TEST_F(SequentialOverSeeds, IsEachSeedsNetworkForwardAndBackward) {
  networks_.emplace();
  // Flat and not: Flatten has something to do only for the second.
  for (const auto& sizes : {std::vector<std::int64_t>{kSeeds, 20, 6}, {kSeeds, 20, 2, 3}}) {
    const auto x = torch::randn(sizes);
    networks_->together->zero_grad();
    const auto y = through(x);
    y.square().sum().backward();
    for (std::int64_t s = 0; s < kSeeds; ++s) {
      auto& alone = networks_->alone[static_cast<std::size_t>(s)];
      alone->zero_grad();
      const auto expected = alone->forward(x[s]);
      EXPECT_TRUE(torch::allclose(y[s], expected, 1e-5, 1e-6));
      expected.square().sum().backward();
      const auto together = networks_->together->named_parameters();
      for (const auto& item : alone->named_parameters()) {
        if (item.key() == "1.bias") continue;  // in front of a normalisation: rounding alone
        EXPECT_TRUE(
            torch::allclose(together[item.key()].grad()[s], item.value().grad(), 1e-4, 1e-5))
            << item.key() << " of seed " << s;
      }
    }
  }
}

TEST_F(SequentialOverSeeds, ComputesLayersInARowAsOneOperator) {
  if (vector_unit() == VectorUnit::kNone) GTEST_SKIP() << "this processor has no vectors";
  networks_.emplace();
  const auto y = through(torch::randn({kSeeds, 20, 6}));
  // From the end: Unflatten, the layers behind Tanh, Tanh, the layers before it.
  std::vector<std::string> names;
  for (auto node = y.grad_fn(); node != nullptr; node = node->next_edge(0).function) {
    names.push_back(node->name());
    if (names.size() == 4) break;
  }
  EXPECT_THAT(names,
              testing::ElementsAre(testing::_, testing::HasSubstr("Perceptron"),
                                   testing::HasSubstr("Tanh"), testing::HasSubstr("Perceptron")));
}

TEST_F(SequentialOverSeeds, MovesEachSeedsRunningStatistics) {
  networks_.emplace();
  const auto x = torch::randn({kSeeds, 20, 6});
  through(x);
  for (std::int64_t s = 0; s < kSeeds; ++s) {
    auto& alone = networks_->alone[static_cast<std::size_t>(s)];
    alone->forward(x[s]);
    const auto together = networks_->together->named_buffers();
    for (const auto& item : alone->named_buffers()) {
      EXPECT_TRUE(torch::allclose(together[item.key()][s], item.value(), 1e-5, 1e-6)) << item.key();
    }
    EXPECT_EQ(together["2.num_batches_tracked"][s].item<std::int64_t>(), 1);
  }
}

TEST_F(SequentialOverSeeds, UsesRunningStatisticsOutsideOfTraining) {
  networks_.emplace();
  through(torch::randn({kSeeds, 20, 6}) + 1.0);
  for (std::int64_t s = 0; s < kSeeds; ++s) {
    const torch::NoGradGuard no_grad;
    for (auto& item : networks_->alone[static_cast<std::size_t>(s)]->named_buffers()) {
      item.value().copy_(networks_->together->named_buffers()[item.key()][s]);
    }
  }
  networks_->together->eval();
  const auto x = torch::randn({kSeeds, 20, 6});
  const auto y = through(x);
  for (std::int64_t s = 0; s < kSeeds; ++s) {
    auto& alone = networks_->alone[static_cast<std::size_t>(s)];
    alone->eval();
    EXPECT_TRUE(torch::allclose(y[s], alone->forward(x[s]), 1e-5, 1e-6));
  }
}

TEST(Sequential, IsLibTorchsForOneSeed) {
  torch::manual_seed(4);
  auto layers = network();
  torch::nn::Sequential theirs(torch::nn::Flatten(), torch::nn::Linear(6, 8),
                               torch::nn::BatchNorm1d(8), leaky_relu(), torch::nn::Linear(8, 5),
                               torch::nn::Tanh(), torch::nn::Linear(5, 7), torch::nn::ReLU(),
                               torch::nn::Linear(7, 6));
  const auto ours = layers->parameters(), parameters = theirs->parameters();
  ASSERT_EQ(ours.size(), parameters.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const torch::NoGradGuard no_grad;
    parameters[i].copy_(ours[i]);
  }
  const auto x = torch::randn({4, 2, 3});
  const auto y = layers->forward(x), expected = theirs->forward(x).view({4, 2, 3});
  EXPECT_TRUE(torch::allclose(y, expected, 1e-5, 1e-6));
  y.square().sum().backward();
  expected.square().sum().backward();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(torch::allclose(ours[i].grad(), parameters[i].grad(), 1e-4, 1e-5)) << i;
  }
}

}  // namespace
}  // namespace assay
