// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/unet.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <map>
#include <string>

#include "kernels/convolution/convolution.h"
#include "tests/nn/small_unet.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

std::int64_t parameter_count(const UNetOptions& options) {
  std::int64_t count = 0;
  for (const auto& parameter : UNet(options)->parameters()) count += parameter.numel();
  return count;
}

UNetOptions small(UNetLayout layout) {
  UNetOptions options;
  options.image_size = 8;
  options.base_channels = 8;
  options.multipliers = {1, 2};
  options.blocks = 1;
  options.heads = 2;
  options.groups = 4;
  options.layout = layout;
  return options;
}

// Either layout with whatever joins its levels, and with all that adds weights; the last has none
// that join.
std::vector<UNetOptions> every_way() {
  std::vector<UNetOptions> all;
  for (const auto layout : {UNetLayout::kDdpm, UNetLayout::kCompact}) {
    for (const auto resample :
         {UNetResample::kConvolution, UNetResample::kResidual, UNetResample::kProjected}) {
      all.push_back(small(layout));
      all.back().resample = resample;
    }
    all.back().resample_filter = {1, 3, 3, 1};
    all.back().progressive_input = true;
    all.back().skip_scale = std::sqrt(0.5);
  }
  all.push_back(small(UNetLayout::kDdpm));
  all.back().resample = UNetResample::kPooling;
  return all;
}

TEST(UNet, RecipeHasTheRecipesParameters) {
  // By hand: time 8,320 + 16,512; input 1,184; down0 Res32 26,880, resample 18,496; down1 Res64
  // 90,624; attention 16,768; middle Res64 90,624; up1 Res(128→64) 135,872, resample 18,464; up0
  // Res(64→32) 38,240; output norm 64, convolution 1,156. The recipe says 0.46M.
  UNetOptions options;
  options.image_size = 28;
  options.base_channels = 32;
  options.multipliers = {1, 2};
  options.blocks = 1;
  options.space_to_depth = 2;
  options.layout = UNetLayout::kCompact;
  EXPECT_EQ(parameter_count(options), 463204);
}

TEST(UNet, DdpmLayoutHasThePublishedSizeOnCifar10) {
  // Ho et al. 2020, appendix B: 35.7 million parameters.
  UNetOptions options;
  options.channels = 3;
  options.image_size = 32;
  options.base_channels = 128;
  options.multipliers = {1, 2, 2, 2};
  options.blocks = 2;
  options.attention_resolutions = {16};
  options.heads = 1;
  options.groups = 32;
  options.time_embedding = 128;
  options.conditioning = TimeConditioning::kAdditive;
  EXPECT_NEAR(static_cast<double>(parameter_count(options)) / 1e6, 35.7, 0.05);
}

TEST(UNet, SwitchesOfDdpmppAndNcsnppGiveTheAuthorsSizesOnCifar10) {
  // Counted on yang-song/score_sde_pytorch's NCSNpp of configs/vp/cifar10_ddpmpp_continuous.py, and
  // on NVlabs/edm's networks of --arch=ddpmpp and ncsnpp, whose features of the time are 256 wide.
  UNetOptions options;
  options.channels = 3;
  options.image_size = 32;
  options.base_channels = 128;
  options.multipliers = {1, 2, 2, 2};
  options.blocks = 4;
  options.attention_resolutions = {16};
  options.attention_in_last_up_block_only = true;
  options.heads = 1;
  options.groups = 32;
  options.time_embedding = 128;
  options.conditioning = TimeConditioning::kAdditive;
  options.resample = UNetResample::kProjected;
  EXPECT_EQ(parameter_count(options), 61804419);
  options.multipliers = {2, 2, 2};
  EXPECT_EQ(parameter_count(options), 55732739);
  options.time_embedding = 256;
  options.progressive_input = true;
  EXPECT_EQ(parameter_count(options), 56395523);
}

TEST(UNet, JoinedByPoolingHasTheAuthorsSizeOnCifar10) {
  // Counted on facebookresearch/flow_matching's UNetModel of MODEL_CONFIGS["cifar10"], and on it
  // with conv_resample, but that its first convolution gives 256 channels for 128 here: 3,584
  // weights more there, 262,144 in the first block, which has no convolution beside then, and
  // 327,936 in the last.
  constexpr std::int64_t kWider = 3584 + 262144 + 327936;
  UNetOptions options;
  options.channels = 3;
  options.image_size = 32;
  options.base_channels = 128;
  options.multipliers = {2, 2, 2};
  options.blocks = 4;
  options.attention_resolutions = {16};
  options.heads = 1;
  options.groups = 32;
  options.time_embedding = 128;
  options.resample = UNetResample::kPooling;
  EXPECT_EQ(parameter_count(options), 55676419 - kWider);
  options.resample = UNetResample::kConvolution;
  EXPECT_EQ(parameter_count(options), 58036739 - kWider);
}

TEST(UNet, ReturnsZerosOfTheImagesShapeBeforeTraining) {
  for (const auto& options : every_way()) {
    UNet net(options);
    const auto y = net(torch::randn({3, 1, 8, 8}, seeded(1)), torch::rand({3}, seeded(2)));
    EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{3, 1, 8, 8}));
    EXPECT_EQ(y.abs().max().item<float>(), 0.0f);
  }
}

TEST(UNet, EveryParameterReceivesAGradientOnceTheZerosAreGone) {
  for (auto options : every_way()) {
    options.attention_resolutions = {4};
    options.dropout = 0.1;
    options.space_to_depth = options.layout == UNetLayout::kCompact ? 2 : 1;
    UNet net(options);
    {
      const torch::NoGradGuard no_grad;
      auto generator = seeded(4);
      for (auto& parameter : net->parameters()) parameter.normal_(0.0, 0.2, generator);
    }
    const auto x = torch::randn({2, 1, 8, 8}, seeded(1));
    net(x, torch::rand({2}, seeded(2)), seeded(3)).square().sum().backward();
    for (const auto& item : net->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      // The keys' bias shifts all logits of a softmax alike, so only that slice may be zero.
      EXPECT_GT(item.value().grad().abs().max().item<float>(), 0.0f) << item.key();
    }
  }
}

TEST(UNet, GradientOfTheInputEqualsFiniteDifferences) {
  auto options = small(UNetLayout::kCompact);
  UNet net(options);
  {
    const torch::NoGradGuard no_grad;
    auto generator = seeded(4);
    for (auto& parameter : net->parameters()) parameter.normal_(0.0, 0.2, generator);
  }
  net->to(torch::kDouble);
  auto x = torch::randn({1, 1, 8, 8}, seeded(1), torch::kDouble).requires_grad_();
  const auto t = torch::full({1}, 0.3, torch::kDouble);
  net(x, t).square().sum().backward();
  const torch::NoGradGuard no_grad;
  auto step = torch::zeros_like(x);
  step[0][0][3][5] = 1e-5;
  const auto up = net(x + step, t).square().sum().item<double>();
  const auto down = net(x - step, t).square().sum().item<double>();
  const double analytic = x.grad()[0][0][3][5].item<double>();
  EXPECT_NEAR((up - down) / 2e-5, analytic, 1e-5 * std::abs(analytic) + 1e-7);
}

// f64 goes around the fused kernels, which our own convolutions lead to; the finite differences
// above prove it. Through twenty layers rounding grows to 1e-5 of the largest gradient; a lost term
// or a sign is of its size.
TEST(UNet, GradientsOfTheKernelsAreThoseOfF64) {
  const ConvolutionModeScope mode(ConvolutionMode::kWinograd);
  for (auto options : every_way()) {
    options.base_channels = 16;
    options.image_size = 16;
    options.attention_resolutions = {8};
    const auto gradients = [&](torch::Dtype type) {
      UNet net(options);
      {
        const torch::NoGradGuard no_grad;
        auto generator = seeded(4);
        for (auto& parameter : net->parameters()) parameter.normal_(0.0, 0.1, generator);
      }
      net->to(type);
      auto x = torch::randn({2, 1, 16, 16}, seeded(1)).to(type).requires_grad_();
      const auto weights = torch::randn({2, 1, 16, 16}, seeded(2)).to(type);
      (net(x, torch::tensor({0.3f, 0.8f}).to(type)) * weights).sum().backward();
      std::map<std::string, torch::Tensor> all{{"x", x.grad()}};
      for (const auto& item : net->named_parameters()) all[item.key()] = item.value().grad();
      return all;
    };
    const auto theirs = gradients(torch::kDouble);
    for (const auto& [name, gradient] : gradients(torch::kFloat)) {
      const auto& expected = theirs.at(name);
      EXPECT_LT((gradient - expected).abs().max().item<double>(),
                1e-4 * expected.abs().max().item<double>())
          << name;
    }
  }
}

// A network of these options with weights that make attention sharp, the same ones for options
// that have the same layers.
torch::Tensor seen_by(const UNetOptions& options, const torch::Tensor& x) {
  UNet net(options);
  const torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(7);
  for (auto& parameter : net->parameters()) parameter.normal_(0.0, 0.7, generator);
  return net(x, torch::full({x.size(0)}, 0.3F));
}

TEST(UNet, HasAsManyHeadsAsTheirChannelsLeaveRoomFor) {
  // Attention is at 4×4, where there are 16 channels.
  auto by_channels = small_unet(), by_heads = small_unet(), by_fewer = small_unet();
  by_channels.head_channels = 4;
  by_heads.heads = 4;
  by_fewer.heads = 2;
  const auto x = torch::randn({2, 1, 8, 8}, at::detail::createCPUGenerator(1));
  const auto y = seen_by(by_channels, x);
  EXPECT_TRUE(torch::equal(y, seen_by(by_heads, x)));
  const auto apart = (y - seen_by(by_fewer, x)).abs().max();
  EXPECT_GT(apart.item<double>(), 0.01);
}

TEST(UNet, ProgressiveInputGoesOnWithTheSumOfImageAndFeatures) {
  auto options = small_unet();
  options.multipliers = {1, 2, 2};
  options.resample_filter = {1, 3, 3, 1};
  options.progressive_input = true;
  UNet net(options);
  const torch::NoGradGuard no_grad;
  auto generator = seeded(7);
  std::vector<torch::Tensor> of_images;
  for (const auto& item : net->named_parameters()) {
    auto parameter = item.value();
    parameter.normal_(0.0, 0.3, generator);
    if (item.key().find("image") != std::string::npos) of_images.push_back(parameter);
  }
  ASSERT_EQ(of_images.size(), 4U) << "weights and biases of two levels";
  // Nothing of the image itself comes through the first level, so the second sees features alone.
  of_images[0].zero_();
  of_images[1].zero_();
  const auto x = torch::randn({1, 1, 8, 8}, seeded(1));
  const auto y = net(x, torch::tensor({0.3F}));
  of_images[2].mul_(2.0);
  EXPECT_GT((net(x, torch::tensor({0.3F})) - y).abs().max().item<double>(), 0.01);
}

TEST(UNet, SeesTheTime) {
  UNet net(small(UNetLayout::kDdpm));
  {
    const torch::NoGradGuard no_grad;
    auto generator = seeded(4);
    for (auto& parameter : net->parameters()) parameter.normal_(0.0, 0.2, generator);
  }
  const auto x = torch::randn({1, 1, 8, 8}, seeded(1));
  EXPECT_FALSE(torch::allclose(net(x, torch::tensor({0.1f})), net(x, torch::tensor({0.9f}))));
}

TEST(UNet, SaysWhatDoesNotFit) {
  auto options = small(UNetLayout::kDdpm);
  options.image_size = 7;
  EXPECT_THAT(unet_misfit(options), HasSubstr("need an image side that 2 divides, not 7"));
  options = small(UNetLayout::kDdpm);
  options.groups = 3;
  EXPECT_THAT(unet_misfit(options), HasSubstr("3 groups do not divide"));
  options = small(UNetLayout::kDdpm);
  options.heads = 5;
  EXPECT_THAT(unet_misfit(options), HasSubstr("5 heads do not divide"));
  options.head_channels = 4;
  EXPECT_EQ(unet_misfit(options), "") << "then their number counts for nothing";
  options.head_channels = 16;
  EXPECT_THAT(unet_misfit(options), HasSubstr("heads of 16 channels do not divide a level's 8"));
  options = small(UNetLayout::kDdpm);
  options.resample_filter = {1, 2, 1};
  EXPECT_THAT(unet_misfit(options), HasSubstr("the resampling filter has 3 taps, it must have an"));
  options.resample_filter = {1, -1};
  EXPECT_THAT(unet_misfit(options), HasSubstr("must have a positive sum"));
  options = small(UNetLayout::kCompact);
  options.resample = UNetResample::kPooling;
  EXPECT_THAT(unet_misfit(options), HasSubstr("pooling have no layer that changes the channels"));
  options = small(UNetLayout::kDdpm);
  options.lowest_time_frequency = 2.0;
  options.highest_time_frequency = 1.0;
  EXPECT_THAT(unet_misfit(options), HasSubstr("time, 2, exceeds the highest, 1"));
  EXPECT_EQ(unet_misfit(small(UNetLayout::kDdpm)), "");
}

}  // namespace
}  // namespace assay
