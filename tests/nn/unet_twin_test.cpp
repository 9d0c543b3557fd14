// SPDX-License-Identifier: Apache-2.0
// U-Nets of ADM, DDPM++ and NCSN++ beside PyTorch's of the same weights
// (tests/oracle/make_unet_oracle.py).
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <map>

#include "nn/blocks/resample.h"
#include "nn/blocks/unet.h"
#include "tests/nn/small_unet.h"
#include "tests/oracle/filled.h"

namespace assay {
namespace {

struct Case {
  std::string name;
  UNetOptions options;
};

void PrintTo(const Case& of, std::ostream* out) { *out << of.name; }

UNetOptions plain() {
  UNetOptions options = small_unet();
  return options;
}

UNetOptions adm() {
  auto options = plain();
  options.attention_resolutions = {8, 4};
  options.head_channels = 4;
  return options;
}

UNetOptions ddpmpp() {
  auto options = plain();
  options.channels = 3;
  options.blocks = 2;
  options.attention_in_last_up_block_only = true;
  options.heads = 1;
  options.conditioning = TimeConditioning::kAdditive;
  options.resample = UNetResample::kProjected;
  options.skip_scale = std::sqrt(0.5);
  return options;
}

UNetOptions ncsnpp() {
  auto options = ddpmpp();
  options.multipliers = {1, 2, 2};
  options.blocks = 1;
  options.resample_filter = {1, 3, 3, 1};
  options.progressive_input = true;
  return options;
}

UNetOptions compact() {
  auto options = plain();
  options.image_size = 16;
  options.space_to_depth = 2;
  options.layout = UNetLayout::kCompact;
  options.resample_filter = {1, 3, 3, 1};
  return options;
}

void expect_values(const torch::Tensor& values, const nlohmann::json& right) {
  const auto expected = torch::tensor(right.get<std::vector<double>>()).to(torch::kFloat);
  ASSERT_EQ(values.numel(), expected.numel());
  // Values are of the order of 0.1; twenty layers in f32 round to 1e-7.
  EXPECT_LT((values.flatten() - expected).abs().max().item<double>(), 1e-6);
}

class UNetTwin : public testing::TestWithParam<Case> {};

TEST_P(UNetTwin, GivesWhatPyTorchsOfTheSameWeightsGives) {
  const auto expected = oracle("unet_oracle.json").at(GetParam().name);
  const auto& options = GetParam().options;
  UNet net(options);
  std::map<std::string, torch::Tensor> sorted;
  std::int64_t count = 0;
  for (const auto& item : net->named_parameters()) {
    sorted[item.key()] = item.value();
    count += item.value().numel();
  }
  ASSERT_EQ(count, expected.at("parameters").get<std::int64_t>());
  double phase = 0.0;
  for (auto& [name, parameter] : sorted) {
    const torch::NoGradGuard no_grad;
    parameter.copy_(filled(parameter.sizes(), phase++, 0.2));
  }
  const auto shape = {std::int64_t{2}, options.channels, options.image_size, options.image_size};
  const auto x = filled(shape, 0.5, 0.9).requires_grad_();
  const auto y = net(x, torch::tensor({0.3F, 0.8F}));
  expect_values(y.detach(), expected.at("output"));
  (y * filled(shape, 3.0)).sum().backward();
  expect_values(x.grad(), expected.at("gradient"));
}

INSTANTIATE_TEST_SUITE_P(PyTorch, UNetTwin,
                         testing::Values(Case{"adm", adm()}, Case{"ddpmpp", ddpmpp()},
                                         Case{"ncsnpp", ncsnpp()}, Case{"compact", compact()}),
                         [](const auto& test) { return test.param.name; });

// By hand: 2·[1,3,3,1]/8 puts 1/4 and 3/4 of a pixel and its neighbour between them.
TEST(Resampled, WeighsTheTapsOfItsFilter) {
  const auto x =
      torch::tensor({0.0F, 8.0F, 16.0F, 32.0F}).reshape({1, 1, 1, 4}).expand({1, 1, 4, 4});
  const auto row = [](const torch::Tensor& y, std::int64_t at) { return y[0][0][at].clone(); };
  const ResampleFilter fir = {1, 3, 3, 1};
  // All rows are alike; beyond the first there are zeros, where the filter has an eighth of its
  // sum.
  EXPECT_TRUE(torch::allclose(row(resampled(x, Resampling::kHalve, fir), 0),
                              torch::tensor({40.0F, 152.0F}) / 8.0F * 7.0F / 8.0F));
  EXPECT_TRUE(
      torch::allclose(row(resampled(x, Resampling::kDouble, fir), 1),
                      torch::tensor({0.0F, 2.0F, 6.0F, 10.0F, 14.0F, 20.0F, 28.0F, 24.0F})));
  EXPECT_TRUE(torch::allclose(row(resampled(x, Resampling::kHalve, {1, 1}), 1),
                              torch::tensor({4.0F, 24.0F})));
  EXPECT_TRUE(torch::allclose(row(resampled(x, Resampling::kDouble, {1, 1}), 7),
                              torch::tensor({0.0F, 0.0F, 8.0F, 8.0F, 16.0F, 16.0F, 32.0F, 32.0F})));
  EXPECT_TRUE(resampled(x, Resampling::kNone, fir).is_same(x));
}

TEST(Resampled, OfTwoEqualTapsIsTheSameByTheFilterAsByPooling) {
  const auto x = filled({2, 3, 6, 4}, 1.0);
  for (const auto how : {Resampling::kHalve, Resampling::kDouble}) {
    EXPECT_TRUE(torch::allclose(resampled(x, how, {1, 1}), resampled(x, how, {2, 2}), 1e-6, 1e-7));
    EXPECT_TRUE(
        torch::allclose(resampled(x, how, {1, 1}), resampled(x, how, {0, 1, 1, 0}), 1e-6, 1e-7));
  }
}

TEST(Resampled, RefusesAFilterOfOddLengthOrNoSum) {
  const auto x = torch::zeros({1, 1, 4, 4});
  EXPECT_THROW(resampled(x, Resampling::kHalve, {1, 2, 1}), c10::Error);
  EXPECT_THROW(resampled(x, Resampling::kDouble, {}), c10::Error);
  EXPECT_THROW(blurred(x, {1, -1}), c10::Error);
}

}  // namespace
}  // namespace assay
