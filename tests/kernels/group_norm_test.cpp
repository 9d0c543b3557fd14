// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/group_norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "kernels/runtime/vector_unit.h"
#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

constexpr std::int64_t kGroups = 4;
constexpr double kEpsilon = 1e-5;

enum class Terms { kPlain, kShifted, kPerExample };

// x, scale, bias and, if shifted, shift.
std::vector<at::Tensor> drawn(Terms terms, double mean) {
  auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(5);
  const auto x = at::randn({3, 24, 7, 5}, generator) + mean;  // 24 channels: ragged vectors
  std::vector<std::int64_t> sizes = {24};
  if (terms == Terms::kPerExample) sizes = {3, 24};
  std::vector<at::Tensor> all = {x.contiguous(at::MemoryFormat::ChannelsLast),
                                 at::randn(sizes, generator), at::randn(sizes, generator)};
  if (terms == Terms::kShifted) all.push_back(at::randn({3, 24}, generator));
  return all;
}

std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& tensors, at::ScalarType type) {
  std::vector<at::Tensor> result;
  for (const auto& t : tensors) {
    result.push_back(t.detach().to(type, false, true).requires_grad_());
  }
  return result;
}

at::Tensor fused(const std::vector<at::Tensor>& t) {
  return group_norm_silu(t[0], {t.size() > 3 ? t[3] : at::Tensor(), t[1], t[2]}, kGroups, kEpsilon);
}

// The definition, in double precision.
at::Tensor exact(const std::vector<at::Tensor>& t) {
  const auto h = t.size() > 3 ? t[0] + t[3].view({3, 24, 1, 1}) : t[0];
  const auto groups = h.reshape({3, kGroups, -1});
  const auto mean = groups.mean(-1, true);
  const auto variance = (groups - mean).square().mean(-1, true);
  const auto normalised = ((groups - mean) / (variance + kEpsilon).sqrt()).view_as(h);
  const auto y = normalised * t[1].view({-1, 24, 1, 1}) + t[2].view({-1, 24, 1, 1});
  return y * y.sigmoid();
}

void expect_close(const at::Tensor& found, const at::Tensor& wanted, double tolerance,
                  const std::string& what) {
  const double error = (found.to(at::kDouble) - wanted).abs().max().item<double>();
  EXPECT_LT(error, tolerance * wanted.abs().max().item<double>()) << what;
}

class GroupNormSilu : public testing::TestWithParam<Terms> {};

TEST_P(GroupNormSilu, AndItsGradientsAgreeWithTheDefinition) {
  const auto tensors = drawn(GetParam(), /*mean=*/0.3);
  ASSERT_FALSE(tensors[0].is_contiguous());
  const auto inputs = leaves(tensors, at::kFloat), wide = leaves(tensors, at::kDouble);
  const auto y = fused(inputs), wide_y = exact(wide);
  EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  expect_close(y.detach(), wide_y.detach(), 2e-6, "y");
  const auto gradient = (tensors[0] * 0.7).sin();
  y.backward(gradient);
  wide_y.backward(gradient.to(at::kDouble));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    expect_close(inputs[i].grad(), wide[i].grad(), 5e-6, "gradient " + std::to_string(i));
  }
}

// The gradient by each input of Σ (∂Σy²/∂x)².
std::vector<at::Tensor> second(const std::vector<at::Tensor>& inputs, const at::Tensor& y) {
  const auto first = torch::autograd::grad({y.square().sum()}, {inputs[0]}, {}, true, true)[0];
  return torch::autograd::grad({first.square().sum()}, inputs);
}

TEST_P(GroupNormSilu, CanBeDifferentiatedTwice) {
  const auto tensors = drawn(GetParam(), /*mean=*/0.3);
  const auto inputs = leaves(tensors, at::kFloat), wide = leaves(tensors, at::kDouble);
  const auto found = second(inputs, fused(inputs)), wanted = second(wide, exact(wide));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    expect_close(found[i], wanted[i], 2e-5, "second gradient " + std::to_string(i));
  }
}

TEST_P(GroupNormSilu, HasTheGradientsOfFiniteDifferences) {
  const auto inputs = leaves(drawn(GetParam(), /*mean=*/0.3), at::kFloat);
  fused(inputs).square().sum().backward();
  expect_finite_differences([](const auto& wide) { return exact(wide).square().sum(); }, inputs);
}

INSTANTIATE_TEST_SUITE_P(Terms, GroupNormSilu,
                         testing::Values(Terms::kPlain, Terms::kShifted, Terms::kPerExample));

TEST(GroupNormSiluFused, KeepsItsDigitsFarFromZero) {
  const auto tensors = drawn(Terms::kPlain, /*mean=*/300.0);
  const auto y = fused(tensors);
  expect_close(y, exact(leaves(tensors, at::kDouble)).detach(), 5e-5, "y");
}

TEST(GroupNormSiluFused, GivesTheSameBitsForEveryThreadCount) {
  const int before = at::get_num_threads();
  std::vector<at::Tensor> gradients;
  for (const int threads : {1, 3}) {
    at::set_num_threads(threads);
    const auto inputs = leaves(drawn(Terms::kShifted, 0.3), at::kFloat);
    fused(inputs).square().sum().backward();
    gradients.push_back(inputs[0].grad());
    gradients.push_back(inputs[1].grad());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(gradients[0].equal(gradients[2]));
  EXPECT_TRUE(gradients[1].equal(gradients[3]));
}

TEST(GroupNormSiluPlain, IsLibTorchsInTheUsualOrder) {
  auto tensors = drawn(Terms::kPlain, 0.3);
  tensors[0] = tensors[0].contiguous();
  const auto wanted =
      at::silu(at::group_norm(tensors[0], kGroups, tensors[1], tensors[2], kEpsilon));
  EXPECT_TRUE(fused(tensors).equal(wanted));
}

TEST(GroupNormSiluPlain, RefusesGroupsThatDoNotDivideTheChannels) {
  const auto tensors = drawn(Terms::kPlain, 0.3);
  EXPECT_THROW(group_norm_silu(tensors[0], {{}, tensors[1], tensors[2]}, 5, kEpsilon), c10::Error);
}

}  // namespace
}  // namespace assay
