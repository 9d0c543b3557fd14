// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/differentiable_gradients.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace assay {
namespace {

using torch::autograd::variable_list;

TEST(DifferentiableGradients, CountAnInputThatWasComputedFromAnotherAsGiven) {
  const auto w = at::tensor({3.0F}).requires_grad_();
  const auto x = w * w;  // 9
  const auto one = at::ones({1});
  const auto found = differentiable_gradients([](const variable_list& t) { return t[0] * t[1]; },
                                              {x, w, at::Tensor()}, one, 4);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_FLOAT_EQ(found[0].item<float>(), 3.0F);
  EXPECT_FLOAT_EQ(found[1].item<float>(), 9.0F);
  EXPECT_FALSE(found[2].defined());
  EXPECT_FALSE(found[3].defined());
  // Again, through all that x depends on: d(w · w)/dw.
  EXPECT_FLOAT_EQ(torch::autograd::grad({found[1]}, {w})[0].item<float>(), 6.0F);
}

TEST(DifferentiableGradients, LeaveOutWhatNobodyWants) {
  const auto x = at::tensor({2.0F}), w = at::tensor({3.0F}).requires_grad_();
  const auto found = differentiable_gradients([](const variable_list& t) { return t[0] * t[1]; },
                                              {x, w}, at::ones({1}), 2);
  EXPECT_FALSE(found[0].defined());
  EXPECT_FLOAT_EQ(found[1].item<float>(), 2.0F);
}

}  // namespace
}  // namespace assay
