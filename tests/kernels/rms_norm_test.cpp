// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/rms_norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

struct Case {
  bool per_example, biased;
  Activation activation;
};

class RmsNorm : public testing::TestWithParam<Case> {
 protected:
  // x, scale and perhaps bias; 20 channels: ragged vectors.
  std::vector<at::Tensor> drawn() const {
    auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
    generator.set_current_seed(5);
    const auto x = at::randn({3, 20, 5, 4}, generator);
    std::vector<std::int64_t> sizes = {20};
    if (GetParam().per_example) sizes = {3, 20};
    std::vector<at::Tensor> all = {x.contiguous(at::MemoryFormat::ChannelsLast),
                                   at::randn(sizes, generator)};
    if (GetParam().biased) all.push_back(at::randn(sizes, generator));
    return all;
  }

  at::Tensor fused(const std::vector<at::Tensor>& t) const {
    return rms_norm(t[0], {t[1], t.size() > 2 ? t[2] : at::Tensor()}, GetParam().activation);
  }

  // The definition, with the root of the mean square.
  at::Tensor exact(const std::vector<at::Tensor>& t) const {
    auto y = t[0] / t[0].square().mean(1, true).sqrt() * t[1].view({-1, 20, 1, 1});
    if (t.size() > 2) y = y + t[2].view({-1, 20, 1, 1});
    return GetParam().activation == Activation::kSilu ? y * y.sigmoid() : y;
  }
};

std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& tensors, at::ScalarType type) {
  std::vector<at::Tensor> result;
  for (const auto& t : tensors) {
    result.push_back(t.detach().to(type, false, true).requires_grad_());
  }
  return result;
}

void expect_close(const at::Tensor& found, const at::Tensor& wanted, double tolerance) {
  const double error = (found.to(at::kDouble) - wanted).abs().max().item<double>();
  EXPECT_LT(error, tolerance * wanted.abs().max().item<double>());
}

TEST_P(RmsNorm, AndItsGradientsAgreeWithTheDefinition) {
  const auto tensors = drawn();
  const auto inputs = leaves(tensors, at::kFloat), wide = leaves(tensors, at::kDouble);
  const auto y = fused(inputs), wide_y = exact(wide);
  expect_close(y.detach(), wide_y.detach(), 2e-6);
  const auto gradient = (tensors[0] * 0.7).sin();
  y.backward(gradient);
  wide_y.backward(gradient.to(at::kDouble));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    expect_close(inputs[i].grad(), wide[i].grad(), 5e-6);
  }
}

TEST_P(RmsNorm, CanBeDifferentiatedTwice) {
  const auto second = [](const std::vector<at::Tensor>& inputs, const at::Tensor& y) {
    const auto first = torch::autograd::grad({y.pow(3).sum()}, {inputs[0]}, {}, true, true)[0];
    return torch::autograd::grad({first.square().sum()}, inputs);
  };
  const auto inputs = leaves(drawn(), at::kFloat), wide = leaves(drawn(), at::kDouble);
  const auto found = second(inputs, fused(inputs)), wanted = second(wide, exact(wide));
  for (std::size_t i = 0; i < inputs.size(); ++i) expect_close(found[i], wanted[i], 3e-5);
}

TEST_P(RmsNorm, HasTheGradientsOfFiniteDifferences) {
  const auto inputs = leaves(drawn(), at::kFloat);
  fused(inputs).pow(3).sum().backward();
  expect_finite_differences([&](const auto& wide) { return exact(wide).pow(3).sum(); }, inputs);
}

TEST_P(RmsNorm, OfTheUsualOrderIsTheSame) {
  auto tensors = drawn();
  const auto ordered = fused(tensors);
  tensors[0] = tensors[0].contiguous();
  expect_close(fused(tensors), ordered.to(at::kDouble), 2e-6);
}

TEST_P(RmsNorm, OfNothingIsTheBias) {
  auto tensors = drawn();
  tensors[0].zero_();
  const auto wanted = tensors.size() > 2 ? tensors[2] : at::zeros({20});
  const auto y = fused(tensors).permute({0, 2, 3, 1})[2][1][1];
  const auto expected = wanted.dim() == 2 ? wanted[2] : wanted;
  EXPECT_TRUE(at::allclose(
      y, GetParam().activation == Activation::kSilu ? at::silu(expected) : expected, 1e-5, 1e-7));
}

INSTANTIATE_TEST_SUITE_P(Cases, RmsNorm,
                         testing::Values(Case{false, false, Activation::kNone},
                                         Case{false, false, Activation::kSilu},
                                         Case{true, true, Activation::kSilu}));

}  // namespace
}  // namespace assay
