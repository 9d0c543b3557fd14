// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <map>
#include <string>

#include "kernels/convolution/convolution.h"
#include "nn/blocks/attention.h"
#include "nn/blocks/cifar_resnet.h"
#include "nn/blocks/dropout.h"
#include "nn/blocks/fmnist_cnn.h"
#include "nn/blocks/initialise.h"
#include "nn/blocks/residual_block.h"
#include "nn/blocks/time_embedding.h"

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

void fill_normal(torch::nn::Module& module, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  auto generator = seeded(seed);
  for (auto& parameter : module.parameters()) parameter.normal_(0.0, 0.3, generator);
}

std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(FmnistCnn, HasTheRecipesParametersAndShapes) {
  FmnistCnn network;
  network->eval();
  EXPECT_EQ(parameter_count(*network), 131274);  // shared recipe
  const auto output = network(torch::zeros({3, 1, 28, 28}));
  EXPECT_EQ(output.features.sizes(), (std::vector<std::int64_t>{3, 128}));
  EXPECT_EQ(output.logits.sizes(), (std::vector<std::int64_t>{3, 10}));
  EXPECT_GE(output.features.min().item<float>(), 0.0f);
}

TEST(FmnistCnn, RefusesAnotherImageSize) {
  FmnistCnn network;
  EXPECT_THROW(network(torch::zeros({2, 1, 32, 32})), c10::Error);
}

TEST(CifarResNet, HasThePublishedNumberOfParametersAndHalvesTwice) {
  // ResNet-20 of akamaster/pytorch_resnet_cifar10: 269722, 0.27M in the paper.
  EXPECT_EQ(parameter_count(*CifarResNet(3, 10)), 269722);
  CifarResNet network(1, 4);
  network->eval();
  EXPECT_EQ(network(torch::zeros({2, 1, 33, 20})).sizes(), (std::vector<std::int64_t>{2, 4}));
  BasicBlock half(4, 8);
  EXPECT_EQ(half(torch::zeros({2, 4, 5, 6})).sizes(), (std::vector<std::int64_t>{2, 8, 3, 3}));
}

TEST(BasicBlock, IsItsShortcutWhereItsConvolutionsAreZero) {
  BasicBlock same(4, 4), half(4, 8);
  const torch::NoGradGuard no_grad;
  for (auto& block : {same, half}) {
    for (auto& item : block->named_parameters()) {
      if (item.key().starts_with("conv")) item.value().zero_();
    }
  }
  const auto x = torch::randn({2, 4, 4, 6}, seeded(1)).abs();
  EXPECT_TRUE(torch::equal(same(x), x));
  const auto y = half(x);
  // Every second pixel, in the middle four of eight channels.
  EXPECT_EQ(y[1][2][1][2].item<float>(), x[1][0][2][4].item<float>());
  EXPECT_EQ(y[1][5][0][1].item<float>(), x[1][3][0][2].item<float>());
  EXPECT_EQ(y.slice(1, 0, 2).abs().max().item<float>(), 0.0F);
  EXPECT_EQ(y.slice(1, 6, 8).abs().max().item<float>(), 0.0F);
}

TEST(Dropout, ZeroesItsShareAndKeepsTheMean) {
  const auto y = dropout(torch::ones({100000}), 0.2, true, seeded(1));
  const double kept = (y > 0).to(torch::kDouble).mean().item<double>();
  // Standard error √(.2 · .8 / 1e5) = .0013: five of them.
  EXPECT_NEAR(kept, 0.8, 0.0065);
  EXPECT_FLOAT_EQ(y.max().item<float>(), 1.25f);
}

TEST(Dropout, IsOffOutsideTrainingAndNeedsAGeneratorInside) {
  const auto x = torch::ones({4});
  EXPECT_TRUE(dropout(x, 0.5, false, std::nullopt).is_same(x));
  EXPECT_THROW(dropout(x, 0.5, true, std::nullopt), c10::Error);
}

TEST(Dropout, RepeatsWithItsGeneratorsSeed) {
  const auto x = torch::ones({64});
  EXPECT_TRUE(torch::equal(dropout(x, 0.5, true, seeded(7)), dropout(x, 0.5, true, seeded(7))));
  EXPECT_FALSE(torch::equal(dropout(x, 0.5, true, seeded(7)), dropout(x, 0.5, true, seeded(8))));
}

TEST(Initialise, GivesDcganItsSpread) {
  torch::nn::Linear linear(300, 300);
  initialise_dcgan(*linear, 0.02, seeded(1));
  // Relative standard error of an sd over 90,000 draws: 1/√(180,000) = .24 %; five of them.
  EXPECT_NEAR(linear->weight.std().item<double>(), 0.02, 0.02 * 0.012);
  EXPECT_EQ(linear->bias.abs().max().item<float>(), 0.0f);
  torch::nn::BatchNorm2d norm(4000);
  initialise_dcgan(*norm, 0.02, seeded(1));
  EXPECT_NEAR(norm->weight.mean().item<double>(), 1.0, 5 * 0.02 / std::sqrt(4000.0));
}

TEST(Initialise, GivesKaimingAndXavierTheirVariances) {
  // A 3×3 convolution 50 → 200: fan_in 450, fan_out 1800. U(−a,a) has variance a²/3.
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(50, 200, 3));
  initialise_kaiming(*conv, seeded(1));
  EXPECT_NEAR(conv->weight.var().item<double>(), 2.0 / 450.0, 2.0 / 450.0 * 0.025);
  initialise_xavier(*conv, seeded(1));
  EXPECT_NEAR(conv->weight.var().item<double>(), 2.0 / 2250.0, 2.0 / 2250.0 * 0.025);
  EXPECT_LE(conv->weight.abs().max().item<double>(), std::sqrt(6.0 / 2250.0));
}

TEST(TimeEmbedding, FrequenciesAreInEqualRatios) {
  const auto f = log_spaced_frequencies(4, 1.0, 1000.0);
  EXPECT_TRUE(torch::allclose(f, torch::tensor({1.0f, 10.0f, 100.0f, 1000.0f})));
}

TEST(TimeEmbedding, IsSineThenCosine) {
  const auto e = sinusoidal_embedding(torch::tensor({0.0f, 0.5f}), torch::tensor({1.0f, 2.0f}));
  EXPECT_TRUE(torch::allclose(e[0], torch::tensor({0.0f, 0.0f, 1.0f, 1.0f})));
  EXPECT_NEAR(e[1][0].item<double>(), std::sin(0.5), 1e-6);
  EXPECT_NEAR(e[1][3].item<double>(), std::cos(1.0), 1e-6);
}

TEST(ResidualBlock, IsTheIdentityBeforeTraining) {
  // The last convolution starts at zero and the channels stay.
  ResidualBlock block(
      ResidualBlockOptions{.in_channels = 16, .out_channels = 16, .time_channels = 8});
  const auto x = torch::randn({2, 16, 5, 5}, seeded(1));
  EXPECT_TRUE(torch::equal(block(x, torch::ones({2, 8})), x));
}

TEST(ResidualBlock, ResamplesWhatSkipsItAndScalesTheSum) {
  // The last convolution starts at zero, so only the skip is left.
  ResidualBlockOptions options{.in_channels = 16, .out_channels = 16, .time_channels = 8};
  options.skip_scale = 0.5;
  const auto x = torch::randn({2, 16, 4, 4}, seeded(1)), e = torch::ones({2, 8});
  options.resampling = Resampling::kHalve;
  EXPECT_TRUE(torch::allclose(ResidualBlock(options)(x, e), 0.5 * torch::avg_pool2d(x, 2)));
  options.resampling = Resampling::kDouble;
  const auto doubled = x.repeat_interleave(2, 2).repeat_interleave(2, 3);
  EXPECT_TRUE(torch::equal(ResidualBlock(options)(x, e), 0.5 * doubled));
  options.projects_skip = true;
  ResidualBlock projected(options);
  const auto p = projected->named_parameters();
  EXPECT_TRUE(torch::allclose(
      projected(x, e), 0.5 * torch::conv2d(doubled, p["skip.weight"], p["skip.bias"]), 1e-4, 1e-5));
}

TEST(ResidualBlock, GradientEqualsFiniteDifferences) {
  for (const auto conditioning : {TimeConditioning::kFilm, TimeConditioning::kAdditive}) {
    ResidualBlock block(ResidualBlockOptions{.in_channels = 2,
                                             .out_channels = 4,
                                             .time_channels = 3,
                                             .groups = 2,
                                             .conditioning = conditioning});
    fill_normal(*block, 2);
    block->to(torch::kDouble);
    const auto x = torch::randn({2, 2, 3, 3}, seeded(3), torch::kDouble);
    auto e = torch::randn({2, 3}, seeded(4), torch::kDouble).requires_grad_();
    block(x, e).square().sum().backward();
    const torch::NoGradGuard no_grad;
    auto step = torch::zeros_like(e);
    step[1][2] = 1e-5;
    const auto up = block(x, e + step).square().sum().item<double>();
    const auto down = block(x, e - step).square().sum().item<double>();
    const double analytic = e.grad()[1][2].item<double>();
    EXPECT_NEAR((up - down) / 2e-5, analytic, 1e-5 * std::abs(analytic) + 1e-7);
  }
}

// The fused kernels take f32 with the channels of a pixel side by side, as our own convolutions
// give it; f64 is LibTorch's own operators, whose gradient the finite differences above prove.
// Minimal filtering rounds to 1e-5 of the largest gradient; a lost term or a sign is of its size.
TEST(ResidualBlock, GradientOfTheKernelsIsThatOfF64) {
  for (const auto conditioning : {TimeConditioning::kFilm, TimeConditioning::kAdditive}) {
    for (const auto mode : {ConvolutionMode::kExact, ConvolutionMode::kWinograd}) {
      const ConvolutionModeScope scope(mode);
      const ResidualBlockOptions options{.in_channels = 16,
                                         .out_channels = 32,
                                         .time_channels = 4,
                                         .groups = 4,
                                         .conditioning = conditioning};
      const auto gradients = [&](torch::Dtype type) {
        ResidualBlock block(options);
        fill_normal(*block, 2);
        block->to(type);
        auto x = torch::randn({2, 16, 8, 8}, seeded(3))
                     .to(type)
                     .contiguous(torch::MemoryFormat::ChannelsLast)
                     .requires_grad_();
        auto e = torch::randn({2, 4}, seeded(4)).to(type).requires_grad_();
        const auto weights = torch::randn({2, 32, 8, 8}, seeded(5)).to(type);
        (block(x, e) * weights).sum().backward();
        std::map<std::string, torch::Tensor> all{{"x", x.grad()}, {"embedding", e.grad()}};
        for (const auto& item : block->named_parameters()) all[item.key()] = item.value().grad();
        return all;
      };
      const auto theirs = gradients(torch::kDouble);
      for (const auto& [name, gradient] : gradients(torch::kFloat)) {
        const auto& expected = theirs.at(name);
        EXPECT_LT((gradient - expected).abs().max().item<double>(),
                  3e-5 * expected.abs().max().item<double>())
            << name;
      }
    }
  }
}

TEST(SelfAttention, IsTheIdentityBeforeTraining) {
  SelfAttention attention(16, 4, 8);
  const auto x = torch::randn({2, 16, 3, 3}, seeded(1));
  EXPECT_TRUE(torch::equal(attention(x), x));
}

TEST(SelfAttention, ScalesItsSum) {
  SelfAttention plain(8, 2, 4), scaled(8, 2, 4, 0.25);
  fill_normal(*plain, 5);
  fill_normal(*scaled, 5);
  const auto x = torch::randn({1, 8, 2, 3}, seeded(1));
  EXPECT_TRUE(torch::equal(scaled(x), 0.25 * plain(x)));
}

TEST(SelfAttention, PermutesWithItsPixels) {
  // Without positions attention is equivariant: swapping pixels swaps outputs.
  SelfAttention attention(8, 2, 4);
  fill_normal(*attention, 5);
  const auto x = torch::randn({1, 8, 2, 3}, seeded(1));
  const auto flipped = attention(x.flip({2, 3}));
  EXPECT_TRUE(torch::allclose(flipped, attention(x).flip({2, 3}), 1e-5, 1e-6));
}

TEST(SelfAttention, EqualsItsDefinitionForOneHead) {
  SelfAttention attention(4, 1, 1);
  fill_normal(*attention, 6);
  const auto x = torch::randn({1, 4, 2, 2}, seeded(2));
  const auto p = attention->named_parameters();
  const auto flat = torch::group_norm(x, 1, p["norm.weight"], p["norm.bias"]).reshape({4, 4});
  const auto qkv = p["qkv.weight"].reshape({12, 4}).mm(flat) + p["qkv.bias"].unsqueeze(1);
  const auto q = qkv.slice(0, 0, 4), k = qkv.slice(0, 4, 8), v = qkv.slice(0, 8, 12);
  const auto weights = torch::softmax(q.t().mm(k) / 2.0, 1);  // √d = 2
  const auto mixed = v.mm(weights.t());
  const auto expected =
      x.reshape({4, 4}) + p["out.weight"].reshape({4, 4}).mm(mixed) + p["out.bias"].unsqueeze(1);
  EXPECT_TRUE(torch::allclose(attention(x).reshape({4, 4}), expected, 1e-4, 1e-5));
}

}  // namespace
}  // namespace assay
