// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bias_activation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/kernels/second_difference.h"

namespace assay {
namespace {

at::Tensor drawn(at::IntArrayRef sizes, std::uint64_t seed) {
  auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(seed);
  return at::randn(sizes, generator, at::kDouble);
}

// (1, −2) + bias (1, −1) = (2, −3): gain · 2 and gain · .2 · −3.
TEST(BiasActivation, AddsThenBendsThenScales) {
  const auto x = at::tensor({1.0F, -2.0F}).reshape({1, 2}), bias = at::tensor({1.0F, -1.0F});
  const auto y = bias_activation(x, bias, Activation::kLeakyRelu, 3.0);
  EXPECT_FLOAT_EQ(y[0][0].item<float>(), 6.0F);
  EXPECT_FLOAT_EQ(y[0][1].item<float>(), -1.8F);
  const auto linear = bias_activation(x, bias, Activation::kLinear, 3.0);
  EXPECT_FLOAT_EQ(linear[0][1].item<float>(), -9.0F);
}

TEST(BiasActivation, ScalesLeakyReluByTheRootOfTwoUnlessTold) {
  EXPECT_EQ(default_gain(Activation::kLeakyRelu), std::sqrt(2.0));
  EXPECT_EQ(default_gain(Activation::kLinear), 1.0);
  const auto x = at::tensor({1.0F, -5.0F}).reshape({1, 2});
  const auto y = bias_activation(x, {}, Activation::kLeakyRelu);
  EXPECT_FLOAT_EQ(y[0][0].item<float>(), 1.4142135F);
  EXPECT_FLOAT_EQ(y[0][1].item<float>(), -1.4142135F);
  EXPECT_TRUE(bias_activation(x, {}, Activation::kLinear).equal(x));
}

TEST(BiasActivation, HasABiasForEachChannel) {
  const auto bias = at::tensor({1.0, 2.0, 3.0}, at::kDouble);
  const auto y = bias_activation(at::zeros({2, 3, 4, 5}, at::kDouble), bias, Activation::kLinear);
  for (std::int64_t c = 0; c < 3; ++c) {
    EXPECT_TRUE(y.select(1, c).eq(1.0 + static_cast<double>(c)).all().item<bool>()) << c;
  }
}

TEST(BiasActivation, HasTheDerivativesOfFiniteDifferences) {
  for (const auto activation : {Activation::kLinear, Activation::kLeakyRelu}) {
    for (const std::vector<std::int64_t>& sizes :
         {std::vector<std::int64_t>{4, 3}, {2, 3, 4, 5}, {3, 5, 1, 7}}) {
      const auto of = [&](const std::vector<at::Tensor>& t) {
        return bias_activation(t[0], t[1], activation, -0.7).sin();
      };
      expect_first_and_second_differences(of, {drawn(sizes, 3), drawn({sizes[1]}, 4)});
      const auto without = [&](const std::vector<at::Tensor>& t) {
        return bias_activation(t[0], {}, activation, 1.3).sin();
      };
      expect_first_and_second_differences(without, {drawn(sizes, 3)});
    }
  }
}

TEST(BiasActivation, RefusesABiasOfAnotherLength) {
  EXPECT_THROW(bias_activation(at::ones({2, 3}), at::ones({2}), Activation::kLinear), c10::Error);
  EXPECT_THROW(bias_activation(at::ones({2, 3}), at::ones({3, 1}), Activation::kLinear),
               c10::Error);
  EXPECT_THROW(bias_activation(at::ones({3}), at::ones({3}), Activation::kLinear), c10::Error);
}

}  // namespace
}  // namespace assay
