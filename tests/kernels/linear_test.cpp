// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/linear.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>

#include "kernels/product/matrix_product_tensors.h"
#include "kernels/runtime/vector_unit.h"
#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

struct Layer {
  std::int64_t rows, in, out;
  bool biased;
};

// Few and many inputs and outputs; above 2^19 multiplications threads share the work.
const Layer kSmall[] = {
    {9, 2, 30, true}, {100, 32, 32, true}, {7, 33, 2, true}, {128, 300, 41, false}, {1, 5, 1, true},
};
// Above 2^14 weights BLAS multiplies, but on Zen 5.
const Layer kLarge[] = {{20, 200, 100, true}, {33, 90, 190, false}};

class LinearTest : public testing::TestWithParam<Layer> {
 protected:
  void SetUp() override {
    at::manual_seed(3);
    const auto [rows, in, out, biased] = GetParam();
    inputs_ = {at::randn({rows, in}), at::randn({out, in})};
    if (biased) inputs_.push_back(at::randn({out}));
    for (auto& input : inputs_) input.requires_grad_();
  }
  void TearDown() override { at::set_num_threads(2); }

  static at::Tensor of(const std::vector<at::Tensor>& t) {
    return linear(t[0], t[1], t.size() > 2 ? t[2] : at::Tensor());
  }
  // In any type, by LibTorch.
  static at::Tensor plain(const std::vector<at::Tensor>& t) {
    const auto y = at::matmul(t[0], t[1].t());
    return t.size() > 2 ? y + t[2] : y;
  }
  std::vector<at::Tensor> inputs_;
};

TEST_P(LinearTest, IsTheDefinitionInF64) {
  std::vector<at::Tensor> wide;
  for (const auto& input : inputs_) wide.push_back(input.detach().to(at::kDouble));
  const auto exact = plain(wide);
  const auto found = of(inputs_).detach().to(at::kDouble);
  EXPECT_LE((found - exact).abs().max().item<double>(), 1e-6 * exact.abs().max().item<double>());
}

TEST_P(LinearTest, GradientsAreFiniteDifferencesInF64) {
  const auto direction = at::randn({GetParam().rows, GetParam().out});
  (of(inputs_) * direction).sum().backward();
  expect_finite_differences(
      [&](const auto& t) { return (plain(t) * direction.to(at::kDouble)).sum(); }, inputs_);
}

TEST_P(LinearTest, SecondGradientsAreThoseOfThePlainLayer) {
  const auto second = [&](const auto& layer) {
    const auto first =
        torch::autograd::grad({layer(inputs_).square().sum()}, {inputs_[0]}, {}, true, true)[0];
    return torch::autograd::grad({first.square().sum()}, {inputs_[0], inputs_[1]});
  };
  const auto found = second(of), expected = second(plain);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(
        at::allclose(found[i], expected[i], 1e-4, 1e-5 * expected[i].abs().max().item<double>()));
  }
}

class LinearLoopsTest : public LinearTest {};

TEST_P(LinearLoopsTest, BitsDoNotDependOnTheNumberOfThreads) {
  const auto with = [&](int threads) {
    at::set_num_threads(threads);
    const auto y = of(inputs_);
    auto all = torch::autograd::grad({y.square().sum()}, inputs_);
    all.push_back(y);
    return all;
  };
  const auto one = with(1), two = with(2);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], two[i])) << i;
}

std::string name_of(const testing::TestParamInfo<Layer>& layer) {
  const auto& [rows, in, out, biased] = layer.param;
  return std::to_string(rows) + "_by_" + std::to_string(in) + "_to_" + std::to_string(out);
}
INSTANTIATE_TEST_SUITE_P(Small, LinearTest, testing::ValuesIn(kSmall), name_of);
INSTANTIATE_TEST_SUITE_P(Large, LinearTest, testing::ValuesIn(kLarge), name_of);
INSTANTIATE_TEST_SUITE_P(Small, LinearLoopsTest, testing::ValuesIn(kSmall), name_of);

TEST(Linear, RunsInLoopsOfItsOwnWhereTheProcessorHasVectors) {
  EXPECT_EQ(matrix_products_suit(at::ones({4, 3}), at::ones({2, 3}), {}),
            vector_unit() != VectorUnit::kNone);
  EXPECT_FALSE(
      matrix_products_suit(at::ones({4, 3}, at::kDouble), at::ones({2, 3}, at::kDouble), {}));
  EXPECT_FALSE(matrix_products_suit(at::ones({0, 3}), at::ones({2, 3}), {}));
}

TEST(Linear, MultipliesBySmallLoopsAndByBlasUnlessThatUsesHalfVectors) {
  EXPECT_TRUE(multiplies_by_loops(1 << 14));
  EXPECT_EQ(multiplies_by_loops((1 << 14) + 1), blas_uses_half_vectors());
  if (vector_unit() != VectorUnit::kAvx512) {
    EXPECT_FALSE(is_zen_5_or_later());
  }
}

TEST(MultiplyMatrices, IsTheProductHoweverMatricesLie) {
  at::manual_seed(3);
  const auto a = at::randn({37, 600}), b = at::randn({600, 70});
  const auto exact = at::mm(a.to(at::kDouble), b.to(at::kDouble));
  for (const auto& left : {a, a.t().contiguous().t()}) {
    for (const auto& right : {b, b.t().contiguous().t()}) {
      auto c = at::full({37, 70}, NAN);
      multiply_matrices(left, right, c);
      EXPECT_LE((c.to(at::kDouble) - exact).abs().max().item<double>(), 1e-6 * 600.0);
    }
  }
  auto misfit = at::empty({37, 71});
  EXPECT_THROW(multiply_matrices(a, b, misfit), c10::Error);
  auto wide = at::empty({37, 70}, at::kDouble);
  EXPECT_THROW(multiply_matrices(a.to(at::kDouble), b.to(at::kDouble), wide), c10::Error);
}

TEST(Linear, LeavesToLibTorchWhatItsLoopsDoNotTake) {
  const auto x = at::randn({3, 4, 5}, at::kDouble), w = at::randn({2, 5}, at::kDouble);
  EXPECT_TRUE(at::equal(linear(x, w, at::Tensor()), at::linear(x, w)));
  EXPECT_EQ(linear(at::ones({0, 5}), at::ones({2, 5}), at::Tensor()).sizes(),
            (std::vector<std::int64_t>{0, 2}));
  EXPECT_TRUE(
      at::equal(linear(at::ones({3, 0}), at::ones({2, 0}), at::ones({2})), at::ones({3, 2})));
}

TEST(Linear, IsTheSameHoweverMatricesLie) {
  at::manual_seed(3);
  const auto x = at::randn({6, 5}), w = at::randn({4, 5}), b = at::randn({4});
  const auto leaf = [](const at::Tensor& strided) { return strided.detach().requires_grad_(); };
  const auto expected = linear(x, w, b);
  // A transposed weight is that of tied autoencoders.
  const auto turned_x = leaf(x.t().contiguous().t()), turned_w = leaf(w.t().contiguous().t()),
             sparse_b = leaf(at::stack({b, b}, 1).select(1, 0));
  ASSERT_FALSE(turned_x.is_contiguous() || turned_w.is_contiguous() || sparse_b.is_contiguous());
  const auto found = linear(turned_x, turned_w, sparse_b);
  EXPECT_TRUE(at::equal(found, expected));
  const auto gradients = torch::autograd::grad({found.sum()}, {turned_x, turned_w, sparse_b});
  EXPECT_TRUE(at::allclose(gradients[0], w.sum(0).expand_as(x)));
  EXPECT_TRUE(at::allclose(gradients[1], x.sum(0).expand_as(w)));
  EXPECT_TRUE(at::equal(gradients[2], at::full({4}, 6.0F)));
}

TEST(Linear, RefusesWhatDoesNotFit) {
  EXPECT_THROW(linear(at::ones({3, 4}), at::ones({2, 5}), at::Tensor()), c10::Error);
  EXPECT_THROW(linear(at::ones({3, 5}), at::ones({2, 5}), at::ones({3})), c10::Error);
}

}  // namespace
}  // namespace assay
