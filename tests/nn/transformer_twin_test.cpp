// SPDX-License-Identifier: Apache-2.0
// Spatial transformers and U-Nets with them beside PyTorch's of the same weights
// (tests/oracle/make_transformer_oracle.py).
#include <gtest/gtest.h>
#include <torch/nn.h>

#include "nn/blocks/spatial_transformer.h"
#include "nn/blocks/unet.h"
#include "tests/nn/small_unet.h"
#include "tests/nn/transformer_twin.h"

namespace assay {
namespace {

using torch::Tensor;

struct Spatial {
  Spatial() { fill(*net); }
  SpatialTransformer net{SpatialTransformerOptions{
      .channels = 8, .context_width = 6, .heads = 2, .groups = 4, .skip_scale = 1.0}};
  Tensor x = filled({2, 8, 2, 3}, 0.5, 0.9).requires_grad_();
  Tensor context = filled({2, 4, 6}, 1.5, 0.9).requires_grad_();
  Tensor mask = torch::tensor({1, 1, 0, 0, 1, 0, 1, 1}).to(torch::kBool).view({2, 4});
};

TEST(SpatialTransformer, IsPyTorchsOfTheSameWeights) {
  Spatial of;
  expect_twin("spatial", of.net(of.x, of.context), {of.x, of.context});
}

TEST(SpatialTransformer, LeavesPaddedTokensOutAsPyTorchDoes) {
  Spatial of;
  expect_twin("spatial_masked", of.net(of.x, of.context, of.mask), {of.x, of.context});
}

// −∞ before the softmax: not a bit of what lies under the mask is seen, and pixels see one another.
TEST(SpatialTransformer, SeesNothingOfPaddedTokens) {
  const torch::NoGradGuard no_grad;
  Spatial of;
  const auto other = torch::where(of.mask.unsqueeze(2), of.context, of.context + 1e3);
  const auto y = of.net(of.x, of.context, of.mask);
  EXPECT_TRUE(torch::equal(y, of.net(of.x, other, of.mask)));
  EXPECT_FALSE(torch::allclose(y, of.net(of.x, of.context)));
  EXPECT_THROW(of.net(of.x, of.context, of.mask.slice(1, 0, 3)), c10::Error);
}

TEST(SpatialTransformer, IsTheIdentityBeforeTraining) {
  torch::manual_seed(1);
  SpatialTransformer net(SpatialTransformerOptions{.channels = 8, .context_width = 6, .heads = 2});
  const auto x = filled({2, 8, 2, 3}, 0.5, 0.9);
  EXPECT_TRUE(torch::equal(net(x, filled({2, 4, 6}, 1.5)), x));
}

UNetOptions token_options() {
  UNetOptions options = small_unet();
  options.token_entries = 5;
  options.tokens = 2;
  return options;
}

TEST(TokenUNet, IsPyTorchsOfTheSameWeights) {
  UNet net(token_options());
  fill(*net);
  const auto x = filled({2, 1, 8, 8}, 0.5, 0.9).requires_grad_();
  const auto tokens = torch::tensor({1, 4, 5, 5}).view({2, 2});
  const auto y = net->predict(x, torch::tensor({0.3F, 0.8F}), {.tokens = tokens}, {});
  expect_twin("unet", y, {x, net->named_parameters()["tokens.weight"]});
}

TEST(TokenUNet, WithoutAConditionSeesTheEntryForNone) {
  const torch::NoGradGuard no_grad;
  UNet net(token_options());
  fill(*net);
  const auto x = filled({2, 1, 8, 8}, 0.5, 0.9), t = torch::tensor({0.3F, 0.8F});
  const auto none = torch::full({2, 2}, 5, torch::kLong);
  EXPECT_TRUE(torch::equal(net->predict(x, t, {}, {}), net->predict(x, t, {.tokens = none}, {})));
}

// A set has no order: the entries say which thing a token names.
TEST(TokenUNet, DoesNotSeeTheOrderOfTokens) {
  const torch::NoGradGuard no_grad;
  UNet net(token_options());
  fill(*net);
  const auto x = filled({2, 1, 8, 8}, 0.5, 0.9), t = torch::tensor({0.3F, 0.8F});
  const auto tokens = torch::tensor({1, 4, 0, 2}).view({2, 2});
  const auto y = net->predict(x, t, {.tokens = tokens}, {});
  EXPECT_TRUE(torch::allclose(y, net->predict(x, t, {.tokens = tokens.flip(1)}, {}), 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(y, net->predict(x, t, {.tokens = tokens.flip(0)}, {}), 1e-5, 1e-6));
}

}  // namespace
}  // namespace assay
