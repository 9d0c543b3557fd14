// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bernoulli.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

struct Pixels {
  at::Tensor x, logits;

  // 3 images of 5×9 pixels: ragged vectors. Logits from certain to certain.
  Pixels() {
    auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
    generator.set_current_seed(3);
    x = at::rand({3, 1, 5, 9}, generator);
    logits = (at::randn({3, 1, 5, 9}, generator) * 4.0).requires_grad_();
    logits.data()[0][0][0][0] = 200.0;
    logits.data()[1][0][0][0] = -200.0;
    logits.data()[2][0][0][0] = 0.0;
  }
};

at::Tensor exact(const at::Tensor& x, const at::Tensor& logits) {
  const auto terms = x * at::log_sigmoid(logits) + (1.0 - x) * at::log_sigmoid(-logits);
  return -terms.flatten(1).sum(1);
}

void expect_close(const at::Tensor& found, const at::Tensor& wanted) {
  const double error = (found.to(at::kDouble) - wanted).abs().max().item<double>();
  EXPECT_LT(error, 5e-7 * wanted.abs().max().item<double>());
}

TEST(BernoulliCrossEntropy, AndItsGradientsAgreeWithTheDefinition) {
  const Pixels p;
  const auto x = p.x.clone().requires_grad_();
  const auto wide_x = p.x.to(at::kDouble).requires_grad_();
  const auto wide_logits = p.logits.detach().to(at::kDouble).requires_grad_();
  const auto found = bernoulli_cross_entropy(x, p.logits), wanted = exact(wide_x, wide_logits);
  expect_close(found.detach(), wanted.detach());
  const auto weights = at::tensor({1.0F, -2.0F, 0.5F});
  found.backward(weights);
  wanted.backward(weights.to(at::kDouble));
  expect_close(p.logits.grad(), wide_logits.grad());
  expect_close(x.grad(), wide_x.grad());
}

TEST(BernoulliCrossEntropy, CanBeDifferentiatedTwice) {
  const Pixels p;
  const auto first = torch::autograd::grad({bernoulli_cross_entropy(p.x, p.logits).sum()},
                                           {p.logits}, {}, true, true)[0];
  const auto second = torch::autograd::grad({first.sum()}, {p.logits})[0];
  const auto sigmoid = p.logits.detach().to(at::kDouble).sigmoid();
  expect_close(second, sigmoid * (1.0 - sigmoid));
}

TEST(BernoulliCrossEntropy, HasTheGradientsOfFiniteDifferences) {
  const Pixels p;
  const auto x = p.x.clone().requires_grad_();
  bernoulli_cross_entropy(x, p.logits).sum().backward();
  expect_finite_differences([](const auto& wide) { return exact(wide[0], wide[1]).sum(); },
                            {x, p.logits});
}

TEST(BernoulliCrossEntropy, OfACertainPixelIsZero) {
  const auto x = at::tensor({1.0F, 0.0F}).view({2, 1});
  const auto logits = at::tensor({100.0F, -100.0F}).view({2, 1});
  EXPECT_LT(bernoulli_cross_entropy(x, logits).abs().max().item<float>(), 1e-30F);
}

TEST(BernoulliCrossEntropy, RefusesShapesThatDiffer) {
  EXPECT_THROW(bernoulli_cross_entropy(at::zeros({2, 4}), at::zeros({2, 5})), c10::Error);
}

}  // namespace
}  // namespace assay
