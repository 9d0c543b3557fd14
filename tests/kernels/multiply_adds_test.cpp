// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/multiply_adds.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <string>
#include <vector>

#include "kernels/convolution/convolution.h"
#include "kernels/convolution/upfirdn2d.h"
#include "kernels/product/linear.h"

namespace assay {
namespace {

using std::int64_t;

int64_t counted(const std::function<void()>& work) {
  const MultiplyAddCounter counter;
  work();
  return counter.count();
}

at::Tensor leaf(at::IntArrayRef sizes, bool learned = true) {
  return at::randn(sizes).requires_grad_(learned);
}

struct Forth {
  int64_t forward, backward;
  bool operator==(const Forth&) const = default;
};

Forth both_ways(const std::function<at::Tensor()>& work) {
  at::Tensor y;
  const int64_t forward = counted([&] { y = work(); });
  return {forward, counted([&] { y.sum().backward(); })};
}

// n·a·b forward and for each gradient, by loops (up to 2^14 weights) and by BLAS alike.
TEST(MultiplyAddsOfALinearLayer, AreRowsTimesWeightsForEachProduct) {
  for (const auto& [n, a, b] : {std::array<int64_t, 3>{9, 2, 30}, {128, 300, 41}, {20, 200, 100}}) {
    const auto x = leaf({n, a}), fixed = leaf({n, a}, false), w = leaf({b, a}), bias = leaf({b});
    const int64_t one = n * a * b;
    EXPECT_EQ(both_ways([&] { return linear(x, w, bias); }), (Forth{one, 2 * one})) << a;
    EXPECT_EQ(both_ways([&] { return linear(fixed, w, bias); }), (Forth{one, one})) << a;
    EXPECT_EQ(both_ways([&] { return linear(x, w, at::Tensor()); }), (Forth{one, 2 * one})) << a;
    EXPECT_EQ(both_ways([&] { return at::linear(x, w, bias); }), (Forth{one, 2 * one})) << a;
  }
}

TEST(MultiplyAddsOfAProduct, AreThoseOfItsThreeSides) {
  EXPECT_EQ(counted([] { at::mm(at::ones({3, 4}), at::ones({4, 5})); }), 3 * 4 * 5);
  EXPECT_EQ(counted([] { at::mv(at::ones({3, 4}), at::ones({4})); }), 3 * 4);
  EXPECT_EQ(counted([] { at::dot(at::ones({7}), at::ones({7})); }), 7);
  EXPECT_EQ(counted([] { at::matmul(at::ones({2, 3, 4}), at::ones({2, 4, 5})); }), 2 * 3 * 4 * 5);
  EXPECT_EQ(counted([] { at::matmul(at::ones({2, 3, 4}), at::ones({4, 5})); }), 2 * 3 * 4 * 5);
  EXPECT_EQ(counted([] { at::addmm(at::ones({5}), at::ones({3, 4}), at::ones({4, 5})); }), 60);
  EXPECT_EQ(counted([] {
              at::baddbmm(at::ones({2, 3, 5}), at::ones({2, 3, 4}), at::ones({2, 4, 5}));
            }),
            120);
  EXPECT_EQ(counted([] {
              at::einsum("nij,njk->nik", {at::ones({2, 3, 4}), at::ones({2, 4, 5})});
            }),
            120);
}

struct Images {
  std::string what;
  std::vector<int64_t> x, w;
  ConvolutionOptions options;
  int64_t products;  // output pixels of all images times weights
};

// By hand: images · output rows · output columns · outputs · inputs · taps.
const Images kConvolutions[] = {
    {"3x3", {2, 32, 8, 8}, {16, 32, 3, 3}, {1, 1}, 2 * 8 * 8 * 16 * 32 * 9},
    {"3x3 of one channel", {2, 1, 8, 8}, {16, 1, 3, 3}, {1, 1}, 2 * 8 * 8 * 16 * 9},
    {"3x3 to one channel", {2, 16, 8, 8}, {1, 16, 3, 3}, {1, 1}, 2 * 8 * 8 * 16 * 9},
    {"4x4, half the side", {2, 16, 8, 8}, {32, 16, 4, 4}, {2, 1}, 2 * 4 * 4 * 32 * 16 * 16},
    {"4x4 of one channel", {2, 1, 8, 8}, {32, 1, 4, 4}, {2, 1}, 2 * 4 * 4 * 32 * 16},
    {"1x1", {2, 16, 5, 5}, {32, 16, 1, 1}, {1, 0}, 2 * 5 * 5 * 32 * 16},
    {"1x1 of odd widths", {2, 5, 5, 5}, {7, 5, 1, 1}, {1, 0}, 2 * 5 * 5 * 7 * 5},
    // (9 + 2·2 − 5)/2 + 1 = 5 rows; (7 + 4 − 5)/2 + 1 = 4 columns.
    {"5x5, stride 2, padding 2", {3, 4, 9, 7}, {6, 4, 5, 5}, {2, 2}, 3 * 5 * 4 * 6 * 4 * 25},
    // (8 − 3)/1 + 1 = 6.
    {"3x3 without padding", {2, 4, 8, 8}, {6, 4, 3, 3}, {1, 0}, 2 * 6 * 6 * 6 * 4 * 9}};

class ConvolutionMultiplyAdds : public testing::TestWithParam<ConvolutionMode> {};

TEST_P(ConvolutionMultiplyAdds, AreThoseOfTheDirectSum) {
  const ConvolutionModeScope mode(GetParam());
  for (const Images& c : kConvolutions) {
    const auto x = leaf(c.x), fixed = leaf(c.x, false), w = leaf(c.w), bias = leaf({c.w[0]});
    const auto of = [&](const at::Tensor& from) {
      return both_ways([&] { return convolution(from, w, bias, c.options); });
    };
    EXPECT_EQ(of(x), (Forth{c.products, 2 * c.products})) << c.what;
    EXPECT_EQ(of(fixed), (Forth{c.products, c.products})) << c.what;
  }
}

TEST_P(ConvolutionMultiplyAdds, OfATransposedOneAreInputPixelsTimesWeights) {
  const ConvolutionModeScope mode(GetParam());
  for (const int64_t channels : {1, 16}) {
    const auto y = leaf({2, 32, 4, 4}), w = leaf({32, channels, 4, 4});
    const int64_t products = 2 * 4 * 4 * 32 * channels * 16;
    EXPECT_EQ(both_ways([&] {
                return transposed_convolution(y, w, {}, {2, 1});
              }),
              (Forth{products, 2 * products}));
  }
}

// ∂Σ conv(x, w)/∂x is one more contraction of the same size, and its gradient by w another.
// LibTorch works out a third, by the gradient of y, though nobody asks for it: what runs is
// counted.
TEST_P(ConvolutionMultiplyAdds, OfAPenaltyOnGradientsAreThoseOfItsContractions) {
  const ConvolutionModeScope mode(GetParam());
  const auto x = leaf({2, 16, 8, 8}), w = leaf({16, 16, 3, 3});
  const int64_t one = 2 * 8 * 8 * 16 * 16 * 9;
  at::Tensor penalty;
  EXPECT_EQ(counted([&] {
              const auto y = convolution(x, w, {}, {1, 1});
              const auto g = torch::autograd::grad({y.sum()}, {x}, {}, true, true)[0];
              penalty = g.square().sum();
            }),
            2 * one);
  EXPECT_EQ(counted([&] { penalty.backward(); }),
            GetParam() == ConvolutionMode::kExact ? 2 * one : one);
}

INSTANTIATE_TEST_SUITE_P(Modes, ConvolutionMultiplyAdds,
                         testing::Values(ConvolutionMode::kExact, ConvolutionMode::kWinograd),
                         [](const auto& of) {
                           return of.param == ConvolutionMode::kExact ? "Exact" : "Winograd";
                         });

TEST(MultiplyAddsOfGroups, SeeTheirOwnInputsAlone) {
  const auto x = leaf({2, 8, 6, 6}), w = leaf({8, 2, 3, 3});
  const int64_t products = 2 * 6 * 6 * 8 * 2 * 9;
  EXPECT_EQ(both_ways([&] { return at::conv2d(x, w, {}, 1, 1, 1, 4); }),
            (Forth{products, 2 * products}));
}

// Scores and their mixture of values: 2·n·m·d; the gradients of both products by both sides.
TEST(MultiplyAddsOfAttention, AreTwoProductsAndFourForTheGradients) {
  const auto q = leaf({2, 3, 5, 8}), k = leaf({2, 3, 7, 8}), v = leaf({2, 3, 7, 8});
  const int64_t one = 2 * 3 * 5 * 7 * 8;
  EXPECT_EQ(both_ways([&] { return at::scaled_dot_product_attention(q, k, v); }),
            (Forth{2 * one, 4 * one}));
  EXPECT_EQ(
      both_ways([&] { return at::matmul(at::softmax(at::matmul(q, k.transpose(-2, -1)), -1), v); }),
      (Forth{2 * one, 4 * one}));
}

// 4×4 taps over 16×16 pixels to 32×32: of every output's 16 taps 4 meet a pixel.
TEST(MultiplyAddsOfUpsampling, LeaveInsertedZerosOut) {
  const auto x = leaf({2, 16, 16, 16});
  const int64_t products = 2 * 16 * 32 * 32 * 4;
  EXPECT_EQ(both_ways([&] { return upfirdn2d(x, binomial_filter(), kUpsampleBy2); }),
            (Forth{products, products}));
}

TEST(MultiplyAdds, OfElementsAndSumsAreNone) {
  const auto x = leaf({4, 5});
  EXPECT_EQ(counted([&] { (x * x + x).exp().sum().backward(); }), 0);
}

TEST(MultiplyAdds, AreCountedWhileACounterLivesAndNotInsideAnUncountedScope) {
  const auto product = [] { at::mm(at::ones({2, 3}), at::ones({3, 2})); };
  product();
  const MultiplyAddCounter counter;
  EXPECT_EQ(counter.count(), 0);
  product();
  {
    const MultiplyAddsUncounted set_up;
    product();
    const MultiplyAddsUncounted inner;
  }
  EXPECT_EQ(counter.count(), 12);
  product();
  EXPECT_EQ(counter.count(), 24);
  EXPECT_THROW(MultiplyAddCounter(), c10::Error);
}

}  // namespace
}  // namespace assay
