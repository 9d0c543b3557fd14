// SPDX-License-Identifier: Apache-2.0
#include "kernels/resampling/affine_resample.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace assay {
namespace {

torch::Tensor drawn(at::IntArrayRef sizes, std::uint64_t seed) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), at::kDouble);
}

// Maps that turn, scale, shift, and leave the picture at its edges.
torch::Tensor maps(std::int64_t count) {
  const auto identity = at::tensor({1.0, 0.0, 0.0, 0.0, 1.0, 0.0}, at::kDouble).view({1, 2, 3});
  return identity + 0.4 * drawn({count, 2, 3}, 3);
}

// Of column j and row i, for a map in pixels, as LibTorch's operators have it in [−1,1]:
// u = ((u_n + 1) W − 1)/2 of a source, j_n = (2j + 1)/w − 1 of a result.
torch::Tensor normalised(const torch::Tensor& theta, double rows, double columns, double height,
                         double width) {
  const auto matrix = [](std::initializer_list<double> values) {
    return at::tensor(std::vector<double>(values), at::kDouble).view({3, 3});
  };
  const auto to_pixels =
      matrix({columns / 2, 0, (columns - 1) / 2, 0, rows / 2, (rows - 1) / 2, 0, 0, 1});
  const auto from_pixels =
      matrix({2 / width, 0, 1 / width - 1, 0, 2 / height, 1 / height - 1, 0, 0, 1});
  const auto last = at::tensor({0.0, 0.0, 1.0}, at::kDouble).expand({theta.size(0), 1, 3});
  return at::matmul(at::matmul(from_pixels, at::cat({theta, last}, 1)), to_pixels).slice(1, 0, 2);
}

TEST(AffineResample, IsLibTorchsGridSampler) {
  const auto x = drawn({4, 3, 6, 5}, 1), theta = maps(4);
  const auto grid = at::affine_grid_generator(normalised(theta, 7, 9, 6, 5), {4, 3, 7, 9}, false);
  const auto expected = at::grid_sampler(x, grid, 0, 0, false);
  EXPECT_TRUE(at::allclose(affine_resample(x, theta, 7, 9), expected, 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(affine_resample_by_indexing(x, theta, 7, 9), expected, 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(affine_resample(x.to(at::kFloat), theta, 7, 9), expected.to(at::kFloat),
                           1e-5, 1e-5));
}

TEST(AffineResample, OnTheIdentityKeepsEveryBit) {
  const auto x = drawn({2, 1, 5, 4}, 1).to(at::kFloat);
  const auto theta = at::tensor({1.0, 0.0, 0.0, 0.0, 1.0, 0.0}, at::kDouble).view({1, 2, 3});
  EXPECT_TRUE(at::equal(affine_resample(x, theta.expand({2, 2, 3}), 5, 4), x));
}

// y = Σ weight · x in a half step: (u, v) = (j + ½, i): the mean of two neighbours, and half of the
// last beside the nothing behind it.
TEST(AffineResample, ReadsBetweenPixelsAndZerosOutside) {
  const auto x = at::tensor({2.0, 4.0, 8.0}, at::kDouble).view({1, 1, 1, 3});
  const auto theta = at::tensor({1.0, 0.0, 0.5, 0.0, 1.0, 0.0}, at::kDouble).view({1, 2, 3});
  EXPECT_TRUE(at::equal(affine_resample(x, theta, 1, 4).flatten(),
                        at::tensor({3.0, 6.0, 4.0, 0.0}, at::kDouble)));
}

// f(x) = Σ c · y³ needs second derivatives of y in x in nothing but the chain, third ones of f.
struct Cubic {
  torch::Tensor c, theta;
  torch::Tensor operator()(const torch::Tensor& x) const {
    return (c * affine_resample(x, theta, 4, 6).pow(3)).sum();
  }
};

torch::Tensor slope(const Cubic& f, const torch::Tensor& at) {
  const auto x = at.detach().requires_grad_();
  return torch::autograd::grad({f(x)}, {x}, {}, true, true).front();
}

TEST(AffineResample, HasItsFirstAndSecondDerivative) {
  const auto x = drawn({2, 2, 5, 4}, 1);
  const Cubic f{drawn({2, 2, 4, 6}, 2), maps(2)};
  const auto first = slope(f, x);
  // Along a direction d: (g(x + hd) − g(x − hd))/2h, for f and for the slope's product with e.
  const auto d = drawn(x.sizes(), 4), e = drawn(x.sizes(), 5);
  const double h = 1e-5;
  const auto difference = (f(x + h * d) - f(x - h * d)) / (2 * h);
  EXPECT_NEAR((first * d).sum().item<double>(), difference.item<double>(), 1e-6);
  const auto leaf = x.detach().requires_grad_();
  const auto product = (torch::autograd::grad({f(leaf)}, {leaf}, {}, true, true).front() * e).sum();
  const auto second = torch::autograd::grad({product}, {leaf}).front();
  const auto of_slopes = ((slope(f, x + h * d) - slope(f, x - h * d)) * e).sum() / (2 * h);
  EXPECT_NEAR((second * d).sum().item<double>(), of_slopes.item<double>(), 1e-6);
}

// ⟨A x, g⟩ = ⟨x, Aᵀ g⟩, and LibTorch's own gradient.
TEST(AffineResample, GoesBackByItsTranspose) {
  const auto x = drawn({3, 2, 6, 5}, 1).requires_grad_(), theta = maps(3);
  const auto g = drawn({3, 2, 7, 9}, 2);
  const auto of = [&](const torch::Tensor& y) {
    return torch::autograd::grad({(y * g).sum()}, {x}).front();
  };
  const auto grid = at::affine_grid_generator(normalised(theta, 7, 9, 6, 5), {3, 2, 7, 9}, false);
  const auto back = of(affine_resample(x, theta, 7, 9));
  EXPECT_TRUE(at::allclose(back, of(at::grid_sampler(x, grid, 0, 0, false)), 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(back, of(affine_resample_by_indexing(x, theta, 7, 9)), 1e-12, 1e-12));
}

TEST(AffineResample, RefusesWhatItCannotDo) {
  const auto x = drawn({2, 1, 5, 4}, 1);
  EXPECT_THROW(affine_resample(x, maps(3), 5, 4), c10::Error);
  EXPECT_THROW(affine_resample(x, maps(2).requires_grad_(), 5, 4), c10::Error);
}

}  // namespace
}  // namespace assay
