// SPDX-License-Identifier: Apache-2.0
// Diffusion transformers beside PyTorch's of the same weights
// (tests/oracle/make_transformer_oracle.py), and how they start.
#include "nn/blocks/dit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>

#include "tests/nn/transformer_twin.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kClasses = 3;

DiTOptions dit_options(std::int64_t outputs) {
  return {.example_shape = {3, 4, 6},
          .patch_size = 2,
          .depth = 2,
          .width = 8,
          .heads = 2,
          .mlp_ratio = 2.5,
          .time_embedding = 16,
          .classes = kClasses,
          .outputs = outputs};
}

TEST(DiT, IsPyTorchsOfTheSameWeights) {
  for (const std::int64_t outputs : {1, 2}) {
    DiT net(dit_options(outputs));
    fill(*net);
    const auto x = filled({2, 3, 4, 6}, 0.5, 0.9).requires_grad_();
    const Condition condition = {.labels = torch::tensor({std::int64_t{2}, kClasses})};
    const auto y = net->predict(x, torch::tensor({0.3F, 0.8F}), condition, {});
    ASSERT_EQ(y.size(1), 3 * outputs);
    expect_twin(outputs == 1 ? "dit" : "dit_two_outputs", y,
                {x, net->named_parameters()["label.weight"]});
  }
}

TEST(DiT, StartsAsPublished) {
  torch::manual_seed(1);
  auto options = dit_options(1);
  options.width = 64;
  options.classes = 100;
  DiT net(options);
  const auto weights = net->named_parameters();
  const auto x = filled({2, 3, 4, 6}, 0.5, 0.9);
  EXPECT_EQ(net->predict(x, torch::tensor({0.3F, 0.8F}), {}, {}).abs().max().item<double>(), 0.0);
  for (const auto& item : weights) {
    const auto& name = item.key();
    const auto largest = item.value().abs().max().item<double>();
    if (name.ends_with("bias") || name.find("modulation") != std::string::npos ||
        name == "output.weight") {
      EXPECT_EQ(largest, 0.0) << name;
    } else if (name.starts_with("time") || name.starts_with("label")) {
      // Five standard errors of a thousand draws or more.
      EXPECT_NEAR(item.value().std().item<double>(), 0.02, 0.02 * 5.0 / std::sqrt(2.0 * 1024))
          << name;
    } else {
      // Glorot's: the largest of many lies just below √(6 / (in + out)).
      const auto sum = static_cast<double>(item.value().size(0) + item.value().size(1));
      EXPECT_LE(largest, std::sqrt(6.0 / sum)) << name;
      EXPECT_GT(largest, 0.98 * std::sqrt(6.0 / sum)) << name;
    }
  }
}

TEST(DiT, TellsColumnsThenRowsBySinesAndCosines) {
  // Of width 8: frequencies 1 and 10000^(−1/2) = .01, of the column and of the row.
  const auto positions = grid_positions(2, 3, 8);
  ASSERT_EQ(positions.sizes(), (at::IntArrayRef{6, 8}));
  const double column = 2.0, row = 1.0;
  const auto right = torch::tensor({std::sin(column), std::sin(0.01 * column), std::cos(column),
                                    std::cos(0.01 * column), std::sin(row), std::sin(0.01 * row),
                                    std::cos(row), std::cos(0.01 * row)});
  EXPECT_TRUE(torch::allclose(positions[5], right));
  EXPECT_THROW(grid_positions(2, 3, 6), c10::Error);
}

TEST(DiT, SaysWhatDoesNotFit) {
  const auto misfit = [](auto&& change) {
    auto options = dit_options(1);
    change(options);
    return dit_misfit(options);
  };
  EXPECT_EQ(misfit([](auto&) {}), "");
  EXPECT_THAT(misfit([](auto& o) { o.example_shape = {2}; }), HasSubstr("[C,H,W]"));
  EXPECT_THAT(misfit([](auto& o) { o.patch_size = 4; }), HasSubstr("patches of 4 x 4"));
  EXPECT_THAT(misfit([](auto& o) { o.width = 6; }), HasSubstr("multiple of 4"));
  EXPECT_THAT(misfit([](auto& o) { o.heads = 3; }), HasSubstr("3 heads do not divide"));
  EXPECT_THAT(misfit([](auto& o) { o.mlp_ratio = 0.1; }), HasSubstr("no hidden layer"));
  EXPECT_THAT(misfit([](auto& o) { o.time_embedding = 5; }), HasSubstr("must be even"));
  EXPECT_THAT(misfit([](auto& o) { o.lowest_time_frequency = 1e6; }), HasSubstr("exceeds"));
}

}  // namespace
}  // namespace assay
