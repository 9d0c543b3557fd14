// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/gradient_clip.h"

#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <limits>

namespace assay {
namespace {

std::vector<torch::Tensor> with_gradients(float first, float second) {
  auto a = torch::zeros({1}).requires_grad_(), b = torch::zeros({1}).requires_grad_();
  a.mutable_grad() = torch::tensor({first});
  b.mutable_grad() = torch::tensor({second});
  return {a, b};
}

TEST(GradientClip, ScalesAllGradientsByTheirCommonNorm) {
  const auto parameters = with_gradients(3.0f, 4.0f);  // norm 5
  EXPECT_NEAR(clip_gradient_norm(parameters, 1.0).item<double>(), 5.0, 1e-6);
  EXPECT_NEAR(parameters[0].grad().item<double>(), 0.6, 1e-6);
  EXPECT_NEAR(parameters[1].grad().item<double>(), 0.8, 1e-6);
}

TEST(GradientClip, LeavesSmallGradientsAsTheyAre) {
  const auto parameters = with_gradients(3.0f, 4.0f);
  clip_gradient_norm(parameters, 6.0);
  EXPECT_EQ(parameters[0].grad().item<float>(), 3.0f);
}

TEST(GradientClip, DoesNotHideANonFiniteGradient) {
  const auto parameters = with_gradients(std::numeric_limits<float>::infinity(), 4.0f);
  EXPECT_TRUE(std::isinf(clip_gradient_norm(parameters, 1.0).item<double>()));
  EXPECT_TRUE(std::isnan(parameters[0].grad().item<double>()));
}

}  // namespace
}  // namespace assay
