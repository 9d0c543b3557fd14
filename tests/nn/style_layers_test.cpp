// SPDX-License-Identifier: Apache-2.0
// StyleGAN's layers: modulated convolution, equalised rate, minibatch standard deviation.
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <numbers>

#include "kernels/convolution/convolution.h"
#include "kernels/convolution/upfirdn2d.h"
#include "nn/blocks/equalised.h"
#include "nn/blocks/minibatch_stddev.h"
#include "nn/blocks/modulated_convolution.h"
#include "tests/kernels/second_difference.h"

namespace assay {
namespace {

torch::Tensor drawn(at::IntArrayRef sizes, std::uint64_t seed, at::ScalarType type = at::kDouble) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), type);
}

double power_of(const torch::Tensor& weights) { return weights.square().sum().item<double>(); }

/// The same by sums over single weights, from eq. 1 and 3 of the paper.
torch::Tensor by_sums(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& s,
                      bool demodulate) {
  const auto side = w.size(2), pad = side / 2, h = x.size(2), width = x.size(3);
  auto y = at::zeros({x.size(0), w.size(0), h, width}, at::kDouble);
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    for (std::int64_t o = 0; o < w.size(0); ++o) {
      const auto of_example = w[o] * s[n].view({-1, 1, 1});
      const double d = demodulate ? 1.0 / std::sqrt(power_of(of_example) + 1e-8) : 1.0;
      const auto wide = at::constant_pad_nd(x[n], {pad, pad, pad, pad});
      for (std::int64_t i = 0; i < h; ++i) {
        for (std::int64_t j = 0; j < width; ++j) {
          const auto window = wide.slice(1, i, i + side).slice(2, j, j + side);
          y[n][o][i][j] = d * (window * of_example).sum();
        }
      }
    }
  }
  return y;
}

/// Each pixel leaves its 3×3 filter at twice its place; then the low-pass filter, whose taps sum
/// to 2 along either axis.
torch::Tensor doubled_by_sums(const torch::Tensor& x, const torch::Tensor& w,
                              const torch::Tensor& s) {
  const auto h = x.size(2);
  auto spread = at::zeros({x.size(0), w.size(0), 2 * h + 3, 2 * h + 3}, at::kDouble);
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    for (std::int64_t o = 0; o < w.size(0); ++o) {
      const auto of_example = w[o] * s[n].view({-1, 1, 1});
      const double d = 1.0 / std::sqrt(power_of(of_example) + 1e-8);
      for (std::int64_t i = 0; i < h; ++i) {
        for (std::int64_t j = 0; j < h; ++j) {
          const auto left =
              d * (of_example * x[n].select(1, i).select(1, j).view({-1, 1, 1})).sum(0);
          spread[n][o].slice(0, 2 * i + 1, 2 * i + 4).slice(1, 2 * j + 1, 2 * j + 4) += left;
        }
      }
    }
  }
  const auto taps = torch::tensor({0.25, 0.75, 0.75, 0.25}, at::kDouble);
  auto y = at::zeros({x.size(0), w.size(0), 2 * h, 2 * h}, at::kDouble);
  for (std::int64_t i = 0; i < 2 * h; ++i) {
    for (std::int64_t j = 0; j < 2 * h; ++j) {
      const auto window = spread.slice(2, i, i + 4).slice(3, j, j + 4);
      y.select(2, i).select(2, j).copy_((window * at::outer(taps, taps)).sum({2, 3}));
    }
  }
  return y;
}

const auto kWays = {Modulation::kScaled, Modulation::kGrouped};

TEST(ModulatedConvolution, IsThePapersFormulaWithAndWithoutDemodulation) {
  const auto x = drawn({2, 3, 4, 4}, 1), s = drawn({2, 3}, 2);
  for (const std::int64_t side : {1, 3}) {
    const auto w = drawn({2, 3, side, side}, 3);
    for (const auto way : kWays) {
      for (const bool demodulate : {true, false}) {
        const auto y = modulated_convolution(x, w, s, {.demodulate = demodulate, .way = way});
        EXPECT_TRUE(at::allclose(y, by_sums(x, w, s, demodulate), 1e-10, 1e-12));
      }
    }
  }
}

TEST(ModulatedConvolution, DoublesSidesAndFilters) {
  const auto x = drawn({2, 3, 4, 4}, 1), s = drawn({2, 3}, 2), w = drawn({2, 3, 3, 3}, 3);
  for (const auto way : kWays) {
    const auto y = modulated_convolution(x, w, s, {.doubles = true, .way = way});
    // The filter's taps are 1/8 and 3/8 in f32: exact.
    EXPECT_TRUE(at::allclose(y, doubled_by_sums(x, w, s), 1e-10, 1e-12));
  }
}

TEST(ModulatedConvolution, IsTheSameEitherWayAtTheSizesThatTrain) {
  const auto x = drawn({8, 32, 14, 14}, 1, at::kFloat), s = drawn({8, 32}, 2, at::kFloat) + 1.0;
  const auto w = drawn({16, 32, 3, 3}, 3, at::kFloat);
  for (const bool doubles : {false, true}) {
    const auto scaled = modulated_convolution(x, w, s, {.doubles = doubles});
    const auto grouped =
        modulated_convolution(x, w, s, {.doubles = doubles, .way = Modulation::kGrouped});
    // Sums of 288 products rounded in f32, of values of about 1.
    EXPECT_TRUE(at::allclose(scaled, grouped, 1e-4, 1e-5));
  }
}

TEST(ModulatedConvolution, HasTheDerivativesOfItsDifferences) {
  for (const auto way : kWays) {
    for (const bool demodulate : {true, false}) {
      for (const bool doubles : {false, true}) {
        const ModulatedOptions options{.demodulate = demodulate, .doubles = doubles, .way = way};
        expect_first_and_second_differences(
            [&](const std::vector<at::Tensor>& in) {
              return modulated_convolution(in[0], in[1], in[2], options);
            },
            {drawn({2, 3, 3, 3}, 1), drawn({2, 3, 3, 3}, 2), drawn({2, 3}, 3)});
      }
    }
  }
}

// Of a weighted sum, and of a weighted sum of its gradients, as a path length has them. Minimal
// filtering rounds to 1e-5 of the largest number; a lost term or a sign is of its size.
TEST(ModulatedConvolution, HasTheDerivativesOfF64OnTheKernelsThatTrain) {
  const auto derivatives = [](at::ScalarType type, bool doubles) {
    const auto of = [&](at::IntArrayRef sizes, std::int64_t seed) {
      return drawn(sizes, static_cast<std::uint64_t>(seed), at::kFloat).to(type);
    };
    auto x = of({4, 16, 8, 8}, 1).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
    auto w = of({32, 16, 3, 3}, 2).requires_grad_(), s = (of({4, 16}, 3) + 1.0).detach();
    s.requires_grad_();
    const auto y = modulated_convolution(x, w, s, {.doubles = doubles});
    auto all = torch::autograd::grad({(y * of(y.sizes(), 4)).sum()}, {x, w, s}, {}, true, true);
    auto sum = at::zeros({}, type);
    for (std::size_t i = 0; i < 3; ++i) {
      sum = sum + (all[i] * of(all[i].sizes(), 5 + static_cast<std::int64_t>(i))).sum();
    }
    for (auto& second : torch::autograd::grad({sum}, {x, w, s})) all.push_back(second);
    return all;
  };
  for (const auto mode : {ConvolutionMode::kExact, ConvolutionMode::kWinograd}) {
    const ConvolutionModeScope scope(mode);
    for (const bool doubles : {false, true}) {
      const auto found = derivatives(at::kFloat, doubles),
                 right = derivatives(at::kDouble, doubles);
      for (std::size_t i = 0; i < right.size(); ++i) {
        EXPECT_LT((found[i] - right[i]).abs().max().item<double>(),
                  5e-5 * right[i].abs().max().item<double>())
            << i << (doubles ? " doubled" : "");
      }
    }
  }
}

TEST(ModulatedConvolution, RefusesStylesOfAnotherCount) {
  EXPECT_THROW(
      modulated_convolution(drawn({2, 3, 4, 4}, 1), drawn({2, 3, 3, 3}, 2), drawn({2, 2}, 3)),
      c10::Error);
}

TEST(Equalised, WeightsStartWideAndEveryPassScalesThem) {
  torch::manual_seed(1);
  EqualisedLinear layer(EqualisedOptions{.in = 256, .out = 128, .rate = 0.01, .initial_bias = 1.0});
  const torch::NoGradGuard no_grad;
  // sd 1/μ = 100; of 32,768 draws its error is 100/√65,536 = 0.4.
  EXPECT_NEAR(layer->weight.std().item<double>(), 100.0, 2.0);
  const auto x = drawn({5, 256}, 2, at::kFloat);
  // μ/√256 = 1/1600, and μ · bias.
  const auto right = at::matmul(x, layer->weight.t()) / 1600.0 + 0.01 * layer->bias;
  EXPECT_TRUE(at::allclose(layer(x), right, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(0.01 * layer->bias, at::ones({128})));
}

TEST(Equalised, ConvolutionIsScaledByItsFanInAndItsActivation) {
  torch::manual_seed(1);
  EqualisedConvolution layer(
      EqualisedOptions{.in = 4, .out = 8, .activation = Activation::kLeakyRelu}, 3);
  const torch::NoGradGuard no_grad;
  layer->bias.copy_(drawn({8}, 3, at::kFloat));
  const auto x = drawn({2, 4, 5, 5}, 2, at::kFloat);
  // √2 · leaky ReLU(x ∗ w/√36 + b)
  const auto right = std::numbers::sqrt2 *
                     at::leaky_relu(at::conv2d(x, layer->weight / 6.0, layer->bias, 1, 1), 0.2);
  EXPECT_TRUE(at::allclose(layer(x), right, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(layer->times(x, 0.5), 0.5 * right, 1e-4, 1e-5));
}

TEST(Equalised, HalvingKeepsAConstantInside) {
  torch::manual_seed(1);
  for (const std::int64_t side : {1, 3}) {
    EqualisedConvolution layer(EqualisedOptions{.in = 1, .out = 1}, side, true);
    const torch::NoGradGuard no_grad;
    layer->weight.fill_(1.0);
    const auto y = layer(at::ones({1, 1, 8, 8}));
    ASSERT_EQ(y.sizes(), at::IntArrayRef({1, 1, 4, 4}));
    // side² weights of 1, over √side².
    EXPECT_NEAR(y[0][0][1][2].item<double>(), static_cast<double>(side), 1e-6);
  }
}

TEST(MinibatchStddev, SeesWhatExamplesOfAGroupDifferBy) {
  const auto x =
      torch::tensor({0., 0., 0., 0., 1., 2., 3., 4., 100., 200., 300., 400.}).view({12, 1, 1, 1});
  const auto y = MinibatchStddev(4)(x);
  ASSERT_EQ(y.sizes(), at::IntArrayRef({12, 2, 1, 1}));
  EXPECT_TRUE(at::equal(y.narrow(1, 0, 1), x));
  // The authors' numbers for this batch: groups of every third example.
  const auto right = torch::tensor({86.178, 129.191, 163.557}).repeat({4});
  EXPECT_TRUE(at::allclose(y.select(1, 1).flatten(), right, 0.0, 1e-3));
}

TEST(MinibatchStddev, TakesSmallBatchesAsOneGroupAndRefusesRests) {
  EXPECT_EQ(MinibatchStddev(4)(at::zeros({2, 3, 4, 4})).size(1), 4);
  // √1e-8 where nothing differs.
  EXPECT_NEAR(MinibatchStddev(4)(at::zeros({2, 3, 4, 4}))[0][3][0][0].item<double>(), 1e-4, 1e-9);
  EXPECT_THROW(MinibatchStddev(4)(at::zeros({6, 3, 4, 4})), c10::Error);
}

}  // namespace
}  // namespace assay
