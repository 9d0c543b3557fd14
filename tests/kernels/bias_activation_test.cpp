// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bias_activation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <vector>

#include "kernels/pointwise/bias_activation_kernels.h"
#include "tests/kernels/second_difference.h"
#include "tests/kernels/vector_unit_test.h"

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

// Rows, planes, pixels beside each other; more numbers than one piece of the loops' holds; none.
const std::vector<std::vector<std::int64_t>> kSizes = {
    {4, 3}, {340, 50}, {2, 3, 4, 5}, {3, 35, 7, 9}, {3, 5, 1, 7}, {2, 3, 4}, {2, 17, 3, 1, 2}};

at::Tensor by_definition(const at::Tensor& x, const at::Tensor& bias, bool leaky, double gain) {
  auto sum = x.clone();
  for (std::int64_t c = 0; c < x.size(1); ++c) sum.select(1, c).add_(bias[c]);
  return gain * (leaky ? at::where(sum > 0.0, sum, 0.2 * sum) : sum);
}

std::vector<at::Tensor> in_all_orders(const at::Tensor& x) {
  if (x.dim() != 4) return {x};
  return {x, x.contiguous(at::MemoryFormat::ChannelsLast),
          x.transpose(2, 3).contiguous().transpose(2, 3)};
}

TEST(BiasActivation, IsItsDefinitionInEveryOrderAndPrecision) {
  for (const bool leaky : {false, true}) {
    const auto activation = leaky ? Activation::kLeakyRelu : Activation::kLinear;
    for (const auto& sizes : kSizes) {
      const auto bias = drawn({sizes[1]}, 4);
      for (const auto& x : in_all_orders(drawn(sizes, 3))) {
        for (const double gain : {1.0, 1.7, -0.7, 0.0}) {
          const auto exact = by_definition(x, bias, leaky, gain);
          const auto y = bias_activation(x, bias, activation, gain);
          EXPECT_LT((y - exact).abs().max().item<double>(), 1e-14) << x.sizes();
          const auto f32 = bias_activation(x.to(at::kFloat), bias.to(at::kFloat), activation, gain);
          ASSERT_EQ(f32.scalar_type(), at::kFloat);
          EXPECT_LT((f32 - exact).abs().max().item<double>(), 2e-6) << x.sizes();
        }
      }
    }
  }
}

TEST(BiasActivation, HasTheDerivativesOfFiniteDifferences) {
  for (const auto activation : {Activation::kLinear, Activation::kLeakyRelu}) {
    for (const double gain : {-0.7, 1.3}) {
      for (const auto& sizes : kSizes) {
        const auto of = [&](const std::vector<at::Tensor>& t) {
          return bias_activation(t[0], t[1], activation, gain).sin();
        };
        const auto without = [&](const std::vector<at::Tensor>& t) {
          return bias_activation(t[0], {}, activation, gain).sin();
        };
        for (const auto& x : in_all_orders(drawn(sizes, 3))) {
          expect_first_and_second_differences(of, {x, drawn({sizes[1]}, 4)});
          expect_first_and_second_differences(without, {x});
        }
      }
    }
  }
}

// R1's way: only the gradient by x is differentiated again; and only that by the bias.
TEST(BiasActivation, HasSecondDerivativesOfEachGradientAlone) {
  const auto x = drawn({3, 5, 2, 2}, 3).requires_grad_(), bias = drawn({5}, 4).requires_grad_();
  const auto y = bias_activation(x, bias, Activation::kLeakyRelu);
  const auto first = torch::autograd::grad({y.pow(3).sum()}, {x, bias}, {}, true, true);
  const auto plain_x = x.detach().clone().requires_grad_(),
             plain_bias = bias.detach().clone().requires_grad_();
  const auto plain_y =
      at::leaky_relu(plain_x + plain_bias.view({1, 5, 1, 1}), 0.2) * std::sqrt(2.0);
  const auto plain =
      torch::autograd::grad({plain_y.pow(3).sum()}, {plain_x, plain_bias}, {}, true, true);
  for (const std::size_t of : {0UL, 1UL}) {
    const auto second = torch::autograd::grad({first[of].square().sum()}, {x, bias}, {}, true);
    const auto exact =
        torch::autograd::grad({plain[of].square().sum()}, {plain_x, plain_bias}, {}, true);
    for (const std::size_t by : {0UL, 1UL}) {
      const double error = (second[by] - exact[by]).abs().max().item<double>();
      EXPECT_LT(error, 1e-10 * exact[by].abs().max().item<double>()) << of << by;
    }
  }
}

TEST(BiasActivation, HasTheSameBitsWithAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  for (const auto& x : in_all_orders(drawn({9, 64, 11, 13}, 3).to(at::kFloat))) {
    std::vector<at::Tensor> results;
    for (const int threads : {1, 2, 3}) {
      at::set_num_threads(threads);
      const auto input = x.detach().requires_grad_();
      const auto bias = at::ones({64}).requires_grad_();
      const auto y = bias_activation(input, bias, Activation::kLeakyRelu);
      y.backward(x);
      for (const auto& t : {y.detach(), input.grad(), bias.grad()}) results.push_back(t);
    }
    for (std::size_t i = 3; i < results.size(); ++i) EXPECT_TRUE(results[i].equal(results[i % 3]));
  }
  at::set_num_threads(before);
}

// The loops of every unit, also of those that are not chosen here.
class BiasActivationLoopsOf : public VectorUnitTest {};

TEST_P(BiasActivationLoopsOf, AreTheDefinition) {
  const auto* loops = bias_activation_kernels<double>(GetParam());
  ASSERT_NE(loops, nullptr);
  const auto x = drawn({9, 37}, 3), bias = drawn({37}, 4), in = drawn({9, 37}, 5);
  auto y = at::empty_like(x), out = at::empty_like(x), sums = at::empty_like(bias);
  loops->forward(9, 37, 1.5, 0.2, x.data_ptr<double>(), bias.data_ptr<double>(),
                 y.data_ptr<double>());
  EXPECT_LT((y - by_definition(x, bias, true, 1.5)).abs().max().item<double>(), 1e-14);
  const auto m = at::where(x + bias > 0.0, at::full_like(x, 1.5), at::full_like(x, 0.3));
  loops->masked(9, 37, 1.5, 0.2, y.data_ptr<double>(), in.data_ptr<double>(),
                bias.data_ptr<double>(), out.data_ptr<double>());
  EXPECT_LT((out - m * (in + bias)).abs().max().item<double>(), 1e-14);
  loops->backward(9, 37, 1.5, 0.2, y.data_ptr<double>(), in.data_ptr<double>(),
                  out.data_ptr<double>(), sums.data_ptr<double>());
  EXPECT_LT((out - m * in).abs().max().item<double>(), 1e-14);
  EXPECT_LT((sums - (m * in).sum(0)).abs().max().item<double>(), 1e-13);
  loops->backward(333, 1, 1.5, 0.2, y.data_ptr<double>(), in.data_ptr<double>(),
                  out.data_ptr<double>(), sums.data_ptr<double>());
  EXPECT_NEAR(sums[0].item<double>(), (m * in).sum().item<double>(), 1e-12) << "one channel";
}

INSTANTIATE_TEST_SUITE_P(Units, BiasActivationLoopsOf, vector_units(), unit_name);

TEST(BiasActivation, RefusesABiasOfAnotherLength) {
  EXPECT_THROW(bias_activation(at::ones({2, 3}), at::ones({2}), Activation::kLinear), c10::Error);
  EXPECT_THROW(bias_activation(at::ones({2, 3}), at::ones({3, 1}), Activation::kLinear),
               c10::Error);
  EXPECT_THROW(bias_activation(at::ones({3}), at::ones({3}), Activation::kLinear), c10::Error);
}

}  // namespace
}  // namespace assay
