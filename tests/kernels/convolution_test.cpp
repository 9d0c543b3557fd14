// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/convolution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <vector>

#include "kernels/convolution/convolution_operators.h"
#include "kernels/runtime/vector_unit.h"
#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

// Relative to the largest value: F(4,3) in f32 rounds to 1e-5; direct sums of up to 10^4 products.
// Gradients of biases are plain sums, which may cancel.
constexpr double kWinogradTolerance = 3e-5, kDirectTolerance = 2e-6;

struct Case {
  FilterShape filter;
  std::int64_t images, in, height, width, out;
};

// Whole tiles, ragged sides, one tile, more blocks than one, unequal channels. Then few channels on
// one side: each number of them, and sides that fill no block of pixels. Then 1×1.
const std::vector<Case> kCases = {
    {FilterShape::k3x3, 2, 16, 8, 8, 16},          {FilterShape::k3x3, 3, 32, 7, 7, 48},
    {FilterShape::k3x3, 1, 16, 13, 6, 32},         {FilterShape::k3x3, 33, 64, 28, 28, 16},
    {FilterShape::k4x4Stride2, 2, 16, 16, 16, 32}, {FilterShape::k4x4Stride2, 3, 32, 14, 14, 16},
    {FilterShape::k4x4Stride2, 1, 16, 8, 22, 48},  {FilterShape::k4x4Stride2, 40, 64, 8, 8, 32},
    {FilterShape::k3x3, 2, 1, 8, 8, 16},           {FilterShape::k3x3, 3, 2, 7, 9, 48},
    {FilterShape::k3x3, 2, 3, 13, 5, 32},          {FilterShape::k3x3, 1, 4, 1, 1, 16},
    {FilterShape::k3x3, 2, 16, 8, 8, 1},           {FilterShape::k3x3, 3, 48, 7, 9, 2},
    {FilterShape::k3x3, 2, 32, 13, 5, 3},          {FilterShape::k3x3, 1, 16, 1, 2, 4},
    {FilterShape::k4x4Stride2, 2, 1, 16, 16, 32},  {FilterShape::k4x4Stride2, 3, 2, 14, 10, 16},
    {FilterShape::k4x4Stride2, 2, 3, 6, 22, 48},   {FilterShape::k4x4Stride2, 1, 4, 2, 2, 16},
    {FilterShape::k1x1, 2, 16, 3, 5, 32},          {FilterShape::k1x1, 9, 48, 28, 17, 16},
};

ConvolutionOptions options_of(FilterShape filter) {
  return {.stride = stride_of(filter), .padding = filter == FilterShape::k1x1 ? 0 : 1};
}

at::Generator seeded() {
  auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(7);
  return generator;
}

struct Tensors {
  at::Tensor x, w, bias, y_gradient;

  explicit Tensors(const Case& c) {
    auto generator = seeded();
    const std::int64_t side =
        c.filter == FilterShape::k1x1 ? 1 : (c.filter == FilterShape::k3x3 ? 3 : 4);
    const auto options = options_of(c.filter);
    x = at::randn({c.images, c.in, c.height, c.width}, generator);
    w = at::randn({c.out, c.in, side, side}, generator) / 12.0;
    bias = at::randn({c.out}, generator);
    y_gradient = at::randn({c.images, c.out, c.height / options.stride, c.width / options.stride},
                           generator);
  }
};

at::Tensor leaf(const at::Tensor& t) { return t.detach().clone().requires_grad_(); }
at::Tensor exact_leaf(const at::Tensor& t) {
  return t.detach().to(at::kDouble).clone().requires_grad_();
}

void expect_close(const at::Tensor& found, const at::Tensor& exact, double tolerance,
                  const char* what) {
  ASSERT_EQ(found.sizes(), exact.sizes()) << what;
  const double error = (found.detach().to(at::kDouble) - exact.detach()).abs().max().item<double>();
  EXPECT_LT(error, tolerance * exact.detach().abs().max().item<double>()) << what;
}

class FastConvolution : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    if (vector_unit() == VectorUnit::kNone) GTEST_SKIP() << "this processor has no AVX2";
  }
  const Case& c() const { return kCases[GetParam()]; }
  double tolerance() const {
    const bool direct = c().filter == FilterShape::k1x1 || std::min(c().in, c().out) <= 4;
    return direct ? kDirectTolerance : kWinogradTolerance;
  }
  const ConvolutionModeScope scope_{ConvolutionMode::kWinograd};
};

TEST_P(FastConvolution, AgreesWithTheDirectSumInDoublePrecision) {
  const Tensors t(c());
  ASSERT_TRUE(fast_kernels_suit(c().filter, t.x.sizes(), c().out));
  const auto x = leaf(t.x), w = leaf(t.w), bias = leaf(t.bias);
  const auto exact_x = exact_leaf(t.x), exact_w = exact_leaf(t.w), exact_bias = exact_leaf(t.bias);
  const auto options = options_of(c().filter);
  const auto y = convolution(x, w, bias, options);
  const auto exact_y = at::conv2d(exact_x, exact_w, exact_bias, options.stride, options.padding);
  expect_close(y, exact_y, tolerance(), "y");
  y.backward(t.y_gradient);
  exact_y.backward(t.y_gradient.to(at::kDouble));
  expect_close(x.grad(), exact_x.grad(), tolerance(), "x gradient");
  expect_close(w.grad(), exact_w.grad(), tolerance(), "w gradient");
  expect_close(bias.grad(), exact_bias.grad(), kWinogradTolerance, "bias gradient");
}

TEST_P(FastConvolution, TransposedAgreesWithTheDirectSumInDoublePrecision) {
  const Tensors t(c());
  const auto y = leaf(t.y_gradient), w = leaf(t.w), bias = leaf(t.x.mean({0, 2, 3}));
  const auto exact_y = exact_leaf(y), exact_w = exact_leaf(w), exact_bias = exact_leaf(bias);
  const auto options = options_of(c().filter);
  const auto x = transposed_convolution(y, w, bias, options);
  const auto exact_x =
      at::conv_transpose2d(exact_y, exact_w, exact_bias, options.stride, options.padding);
  expect_close(x, exact_x, tolerance(), "x");
  x.backward(t.x);
  exact_x.backward(t.x.to(at::kDouble));
  expect_close(y.grad(), exact_y.grad(), tolerance(), "y gradient");
  expect_close(w.grad(), exact_w.grad(), tolerance(), "w gradient");
  expect_close(bias.grad(), exact_bias.grad(), kWinogradTolerance, "bias gradient");
}

// Networks with in-place activations do: a result that is a view would be refused by autograd.
TEST_P(FastConvolution, CanBeOverwrittenByWhatFollows) {
  const Tensors t(c());
  const auto w = leaf(t.w), exact_w = exact_leaf(t.w);
  const auto options = options_of(c().filter);
  convolution(t.x, w, {}, options).tanh_().sum().backward();
  const auto exact_x = t.x.to(at::kDouble);
  at::conv2d(exact_x, exact_w, {}, options.stride, options.padding).tanh_().sum().backward();
  expect_close(w.grad(), exact_w.grad(), kWinogradTolerance, "w gradient");
}

TEST_P(FastConvolution, HasTheGradientsOfFiniteDifferences) {
  const Tensors t(c());
  const auto x = leaf(t.x), w = leaf(t.w), bias = leaf(t.bias);
  const auto options = options_of(c().filter);
  convolution(x, w, bias, options).square().sum().backward();
  const auto exact = [&](const std::vector<at::Tensor>& inputs) {
    return at::conv2d(inputs[0], inputs[1], inputs[2], options.stride, options.padding)
        .square()
        .sum();
  };
  expect_finite_differences(exact, {x, w, bias});
}

// The penalty of WGAN-GP: the gradient by w of ‖∂(y·g)/∂x‖², and one more through y².
at::Tensor penalty(const at::Tensor& y, const at::Tensor& x) {
  const auto gradient = torch::autograd::grad({(y * y).sum()}, {x}, {}, true, true)[0];
  return gradient.square().sum();
}

TEST_P(FastConvolution, CanBeDifferentiatedTwice) {
  const Tensors t(c());
  const auto x = leaf(t.x), w = leaf(t.w), exact_x = exact_leaf(t.x), exact_w = exact_leaf(t.w);
  const auto options = options_of(c().filter);
  penalty(convolution(x, w, {}, options), x).backward();
  penalty(at::conv2d(exact_x, exact_w, {}, options.stride, options.padding), exact_x).backward();
  expect_close(x.grad(), exact_x.grad(), tolerance(), "x gradient");
  expect_close(w.grad(), exact_w.grad(), tolerance(), "w gradient");
}

INSTANTIATE_TEST_SUITE_P(Shapes, FastConvolution, testing::Range<std::size_t>(0, kCases.size()));

TEST(FastConvolutionThreads, LeaveTheBitsAlone) {
  if (vector_unit() == VectorUnit::kNone) GTEST_SKIP() << "this processor has no AVX2";
  const int before = at::get_num_threads();
  for (const std::size_t index : {3UL, 7UL, 10UL, 14UL, 17UL, 21UL}) {
    const Tensors t(kCases.at(index));
    const auto filter = kCases.at(index).filter;
    std::vector<at::Tensor> results;
    for (const int threads : {1, 2, 3}) {
      at::set_num_threads(threads);
      results.push_back(fast_forward(filter, t.x, t.w, t.bias));
      results.push_back(fast_transposed(filter, t.y_gradient, t.w));
      results.push_back(fast_filter_gradient(filter, t.x, t.y_gradient));
    }
    for (std::size_t i = 3; i < results.size(); ++i) {
      EXPECT_TRUE(results[i].equal(results[i % 3])) << index << " " << i;
    }
  }
  at::set_num_threads(before);
}

TEST(Convolution, TakesItsOwnKernelsOnlyWhereTheyFit) {
  const ConvolutionModeScope scope(ConvolutionMode::kWinograd);
  auto generator = seeded();
  const auto same = [&](at::IntArrayRef x_sizes, at::IntArrayRef w_sizes, std::int64_t stride) {
    const auto x = at::randn(x_sizes, generator), w = at::randn(w_sizes, generator);
    return convolution(x, w, {}, {stride, 1}).equal(at::conv2d(x, w, {}, stride, 1));
  };
  EXPECT_TRUE(same({2, 5, 8, 8}, {16, 5, 3, 3}, 1)) << "5 channels";
  EXPECT_TRUE(same({2, 3, 8, 8}, {24, 3, 3, 3}, 1)) << "3 channels to 24";
  EXPECT_TRUE(same({2, 16, 8, 8}, {3, 16, 4, 4}, 2)) << "few outputs of stride 2";
  EXPECT_TRUE(same({2, 16, 2, 2}, {16, 16, 3, 3}, 1)) << "a tile of which a quarter is needed";
  EXPECT_TRUE(same({2, 16, 8, 8}, {16, 16, 3, 3}, 2)) << "3x3 of stride 2";
  EXPECT_TRUE(same({2, 16, 7, 7}, {16, 16, 4, 4}, 2)) << "an odd side";
  if (vector_unit() != VectorUnit::kNone) {
    EXPECT_FALSE(same({2, 16, 8, 8}, {16, 16, 3, 3}, 1));
    EXPECT_FALSE(same({2, 16, 16, 16}, {3, 16, 3, 3}, 1));
    // From few channels its sums have LibTorch's bits.
    EXPECT_TRUE(fast_kernels_suit(FilterShape::k3x3, {2, 3, 16, 16}, 16));
    EXPECT_TRUE(fast_kernels_suit(FilterShape::k4x4Stride2, {2, 3, 16, 16}, 16));
  }
}

TEST(Convolution, RefusesWhatDoesNotFitTogether) {
  for (const auto mode : {ConvolutionMode::kExact, ConvolutionMode::kWinograd}) {
    const ConvolutionModeScope scope(mode);
    const auto x = at::zeros({2, 16, 8, 8}), w = at::zeros({32, 16, 3, 3});
    const ConvolutionOptions options{.stride = 1, .padding = 1};
    EXPECT_THROW(convolution(at::zeros({2, 3, 8, 8}), w, {}, options), c10::Error);
    EXPECT_THROW(convolution(at::zeros({2, 3, 8, 8}), at::zeros({16, 1, 3, 3}), {}, options),
                 c10::Error);
    EXPECT_THROW(convolution(x, w, at::zeros({31}), options), c10::Error);
    EXPECT_THROW(convolution(x, w, at::zeros({32}, at::kDouble), options), c10::Error);
    EXPECT_THROW(transposed_convolution(x, w, {}, options), c10::Error);
    EXPECT_THROW(transposed_convolution(at::zeros({2, 32, 8, 8}), w, at::zeros({3}), options),
                 c10::Error);
  }
}

TEST(Convolution, OfOnePixelIsAProductOfMatrices) {
  const ConvolutionModeScope scope(ConvolutionMode::kWinograd);
  auto generator = seeded();
  const auto x = leaf(at::randn({2, 5, 4, 3}, generator));
  const auto w = leaf(at::randn({7, 5, 1, 1}, generator)), bias = leaf(at::randn({7}, generator));
  const auto exact_x = exact_leaf(x), exact_w = exact_leaf(w), exact_bias = exact_leaf(bias);
  const auto y = convolution(x, w, bias, {1, 0});
  const auto exact_y = at::conv2d(exact_x, exact_w, exact_bias);
  EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  expect_close(y, exact_y, kDirectTolerance, "y");
  y.square().sum().backward();
  exact_y.square().sum().backward();
  expect_close(x.grad(), exact_x.grad(), kDirectTolerance, "x gradient");
  expect_close(w.grad(), exact_w.grad(), kDirectTolerance, "w gradient");
  expect_close(bias.grad(), exact_bias.grad(), kDirectTolerance, "bias gradient");
}

TEST(Convolution, IsExactUnlessAScopeSaysOtherwise) {
  auto generator = seeded();
  const auto x = at::randn({2, 16, 8, 8}, generator), w = at::randn({16, 16, 3, 3}, generator);
  // To the last bit; the other mode rounds differently.
  const auto is_exact = [&] {
    return convolution(x, w, {}, {1, 1}).equal(at::conv2d(x, w, {}, 1, 1));
  };
  EXPECT_TRUE(is_exact());
  {
    const ConvolutionModeScope scope(ConvolutionMode::kWinograd);
    EXPECT_FALSE(is_exact());
    {
      const ConvolutionModeScope inner(ConvolutionMode::kExact);
      EXPECT_TRUE(is_exact());
    }
    EXPECT_FALSE(is_exact());
  }
  EXPECT_TRUE(is_exact());
}

}  // namespace
}  // namespace assay
