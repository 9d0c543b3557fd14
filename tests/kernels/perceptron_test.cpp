// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/perceptron.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <ostream>
#include <string>

#include "kernels/product/linear.h"
#include "kernels/runtime/seed_batch.h"
#include "kernels/runtime/vector_unit.h"
#include "tests/kernels/finite_difference.h"

namespace assay {
namespace {

constexpr std::int64_t kSeeds = 3, kRows = 25;
constexpr double kMomentum = 0.1, kEpsilon = 1e-5;

struct LayerKind {
  std::int64_t width;
  bool biased, normalised;
  std::optional<double> slope;
};
struct Net {
  std::string name;
  std::int64_t inputs;
  std::vector<LayerKind> layers;
};

void PrintTo(const Net& net, std::ostream* out) { *out << net.name; }

const Net kSmall[] = {
    {"Generator", 2, {{32, false, true, 0.0}, {40, false, true, 0.0}, {2, true, false, {}}}},
    {"Discriminator", 2, {{33, true, false, 0.2}, {17, true, false, 0.2}, {1, true, false, {}}}},
    {"EndsInANormAndARectifier", 7, {{9, false, true, 0.0}}},
    {"NormsWithoutAnActivationAndWithALeakyRelu",
     5,
     {{16, false, true, {}}, {9, true, false, 0.2}, {6, false, true, 0.2}}},
};
// Above 2^14 weights BLAS multiplies, but on Zen 5.
const Net kLarge = {"OneLayerIsLarge", 150, {{120, true, false, 0.0}, {5, false, false, 0.1}}};

// x and then all parameters, layer by layer: [S,…] each.
using Tensors = std::vector<at::Tensor>;

class Perceptron : public testing::TestWithParam<Net> {
 protected:
  void SetUp() override {
    if (vector_unit() == VectorUnit::kNone) GTEST_SKIP() << "this processor has no vectors";
    at::set_num_threads(1);
    at::manual_seed(2);
    std::int64_t inputs = GetParam().inputs;
    leaves_ = {at::randn({kSeeds, kRows, inputs})};
    for (const auto& kind : GetParam().layers) {
      leaves_.push_back(at::randn({kSeeds, kind.width, inputs}) /
                        std::sqrt(static_cast<double>(inputs)));
      if (kind.biased) leaves_.push_back(at::randn({kSeeds, kind.width}));
      if (kind.normalised) {
        leaves_.push_back(0.5 + at::rand({kSeeds, kind.width}));
        leaves_.push_back(at::randn({kSeeds, kind.width}));
      }
      inputs = kind.width;
    }
    for (auto& leaf : leaves_) leaf.requires_grad_();
    direction_ = at::randn({kSeeds, kRows, inputs});
  }

  // Within a SeedBatchScope.
  static std::vector<PerceptronLayer> layers_of(const Tensors& t) {
    std::vector<PerceptronLayer> layers;
    std::size_t next = 1;
    for (const auto& kind : GetParam().layers) {
      PerceptronLayer layer;
      layer.weight = batch_over_seeds(t[next++]);
      if (kind.biased) layer.bias = batch_over_seeds(t[next++]);
      if (kind.normalised) {
        const auto scale = batch_over_seeds(t[next++]), bias = batch_over_seeds(t[next++]);
        layer.norm = {.terms = {scale, bias, batch_over_seeds(at::zeros({kSeeds, kind.width})),
                                batch_over_seeds(at::ones({kSeeds, kind.width}))},
                      .momentum = kMomentum,
                      .epsilon = kEpsilon};
      }
      layer.slope = kind.slope;
      layers.push_back(layer);
    }
    return layers;
  }

  static at::Tensor fused(const Tensors& t) {
    const SeedBatchScope scope(kSeeds);
    const auto x = batch_over_seeds(t[0]);
    const auto layers = layers_of(t);
    EXPECT_TRUE(perceptron_suits(x, layers));
    return stack_over_seeds(perceptron_over_seeds(x, layers));
  }

  // By the operators that it joins.
  static at::Tensor one_by_one(const Tensors& t) {
    const SeedBatchScope scope(kSeeds);
    auto y = batch_over_seeds(t[0]);
    for (const auto& layer : layers_of(t)) {
      y = linear(y, layer.weight, layer.bias);
      if (layer.norm) y = batch_norm_over_seeds(y, layer.norm->terms, true, kMomentum, kEpsilon);
      if (layer.slope) y = *layer.slope == 0.0 ? at::relu(y) : at::leaky_relu(y, *layer.slope);
    }
    return stack_over_seeds(y);
  }

  // The definition in any type, seed by seed by LibTorch.
  static at::Tensor plain(const Tensors& t) {
    std::vector<at::Tensor> of_seeds;
    for (std::int64_t s = 0; s < kSeeds; ++s) {
      auto y = t[0][s];
      std::size_t next = 1;
      for (const auto& kind : GetParam().layers) {
        y = at::matmul(y, t[next++][s].t());
        if (kind.biased) y = y + t[next++][s];
        if (kind.normalised) {
          const auto scale = t[next++][s], bias = t[next++][s];
          y = at::batch_norm(y, scale, bias, {}, {}, true, kMomentum, kEpsilon, false);
        }
        if (kind.slope) y = *kind.slope == 0.0 ? at::relu(y) : at::leaky_relu(y, *kind.slope);
      }
      of_seeds.push_back(y);
    }
    return at::stack(of_seeds);
  }

  Tensors leaves_;
  at::Tensor direction_;
};

TEST_P(Perceptron, IsTheDefinitionInF64) {
  Tensors wide;
  for (const auto& leaf : leaves_) wide.push_back(leaf.detach().to(at::kDouble));
  const auto exact = plain(wide);
  const auto found = fused(leaves_).detach().to(at::kDouble);
  EXPECT_LE((found - exact).abs().max().item<double>(), 3e-6 * exact.abs().max().item<double>());
}

TEST_P(Perceptron, GradientsAreFiniteDifferencesInF64) {
  (fused(leaves_) * direction_).sum().backward();
  expect_finite_differences(
      [&](const auto& t) { return (plain(t) * direction_.to(at::kDouble)).sum(); }, leaves_);
}

TEST_P(Perceptron, HasTheBitsOfItsLayersOneByOne) {
  const auto together = fused(leaves_), apart = one_by_one(leaves_);
  EXPECT_TRUE(at::equal(together, apart));
  const auto found = torch::autograd::grad({together}, leaves_, {direction_});
  const auto expected = torch::autograd::grad({apart}, leaves_, {direction_});
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(at::equal(found[i], expected[i])) << "input " << i;
  }
}

TEST_P(Perceptron, SecondGradientsAreThoseOfTheDefinition) {
  const auto second = [&](const auto& net) {
    const auto first = torch::autograd::grad({net(leaves_).square().sum()}, {leaves_[0]}, {}, true,
                                             /*create_graph=*/true)[0];
    return torch::autograd::grad({first.square().sum()}, {leaves_[0], leaves_[1]});
  };
  const auto found = second(fused), expected = second(plain);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(
        at::allclose(found[i], expected[i], 1e-3, 1e-4 * expected[i].abs().max().item<double>()))
        << "input " << i;
  }
}

TEST_P(Perceptron, GivesOnlyTheGradientsThatAreWanted) {
  const auto all = torch::autograd::grad({fused(leaves_)}, leaves_, {direction_});
  // Each alone: x (a discriminator that is frozen), and every parameter (x is data).
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    Tensors only;
    for (const auto& leaf : leaves_) only.push_back(leaf.detach());
    only[i].requires_grad_();
    const auto found = torch::autograd::grad({fused(only)}, {only[i]}, {direction_})[0];
    EXPECT_TRUE(at::equal(found, all[i])) << "input " << i;
  }
}

TEST_P(Perceptron, MovesRunningStatisticsAsBatchNormDoes) {
  const auto statistics = [&](bool together) {
    std::vector<at::Tensor> found;
    const SeedBatchScope scope(kSeeds);
    auto y = batch_over_seeds(leaves_[0].detach());
    const auto layers = layers_of(leaves_);
    if (together) perceptron_over_seeds(y, layers);
    for (const auto& layer : layers) {
      if (!together) {
        y = linear(y, layer.weight, layer.bias);
        if (layer.norm) y = batch_norm_over_seeds(y, layer.norm->terms, true, kMomentum, kEpsilon);
        if (layer.slope) y = *layer.slope == 0.0 ? at::relu(y) : at::leaky_relu(y, *layer.slope);
      }
      if (!layer.norm) continue;
      found.push_back(stack_over_seeds(layer.norm->terms.running_mean));
      found.push_back(stack_over_seeds(layer.norm->terms.running_variance));
    }
    return found;
  };
  const auto found = statistics(true), expected = statistics(false);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(at::equal(found[i], expected[i]));
    EXPECT_FALSE(at::equal(found[i][0], found[i][1])) << "each seed has its own";
  }
}

class PerceptronLoops : public Perceptron {};

TEST_P(PerceptronLoops, BitsDoNotDependOnTheNumberOfThreads) {
  const auto with = [&](int threads) {
    at::set_num_threads(threads);
    const auto y = fused(leaves_);
    auto found = torch::autograd::grad({y}, leaves_, {direction_});
    found.push_back(y);
    at::set_num_threads(1);
    return found;
  };
  const auto one = with(1), two = with(2);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], two[i])) << i;
}

std::string name_of(const testing::TestParamInfo<Net>& net) { return net.param.name; }
INSTANTIATE_TEST_SUITE_P(Small, Perceptron, testing::ValuesIn(kSmall), name_of);
INSTANTIATE_TEST_SUITE_P(Large, Perceptron, testing::Values(kLarge), name_of);
INSTANTIATE_TEST_SUITE_P(Small, PerceptronLoops, testing::ValuesIn(kSmall), name_of);

// The first pass's result is the second's x: its weights are not counted twice.
TEST(PerceptronTwice, SecondGradientsAreThoseOfTheDefinition) {
  if (vector_unit() == VectorUnit::kNone) GTEST_SKIP() << "this processor has no vectors";
  at::manual_seed(2);
  const Tensors leaves = {at::randn({kSeeds, 9, 4}).requires_grad_(),
                          at::randn({kSeeds, 4, 4}).requires_grad_()};
  const auto fused = [&](const at::Tensor& x) {
    const SeedBatchScope scope(kSeeds);
    PerceptronLayer layer;
    layer.weight = batch_over_seeds(leaves[1]);
    layer.slope = 0.2;
    return stack_over_seeds(perceptron_over_seeds(batch_over_seeds(x), {layer}));
  };
  const auto plain = [&](const at::Tensor& x) {
    return at::leaky_relu(at::bmm(x, leaves[1].transpose(1, 2)), 0.2);
  };
  const auto gradients = [&](const auto& once) {
    const auto loss = once(once(leaves[0])).square().sum();
    auto all = torch::autograd::grad({loss}, leaves, {}, true, /*create_graph=*/true);
    const auto second =
        torch::autograd::grad({all[0].square().sum() + all[1].square().sum()}, leaves);
    all.insert(all.end(), second.begin(), second.end());
    return all;
  };
  const auto found = gradients(fused), expected = gradients(plain);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(
        at::allclose(found[i], expected[i], 1e-4, 1e-5 * expected[i].abs().max().item<double>()))
        << i;
  }
}

TEST(PerceptronSuits, OnlyWhatItsLoopsTake) {
  at::set_num_threads(1);
  const SeedBatchScope scope(kSeeds);
  const auto batched = [](at::IntArrayRef sizes, at::ScalarType type = at::kFloat) {
    return batch_over_seeds(at::ones(sizes, type));
  };
  PerceptronLayer layer;
  layer.weight = batched({kSeeds, 4, 5});
  const bool vectors = vector_unit() != VectorUnit::kNone;
  EXPECT_EQ(perceptron_suits(batched({kSeeds, 6, 5}), {layer}), vectors);
  EXPECT_FALSE(perceptron_suits(batched({kSeeds, 6, 3}), {layer})) << "inputs do not fit";
  at::set_num_threads(static_cast<int>(kSeeds) + 1);
  EXPECT_FALSE(perceptron_suits(batched({kSeeds, 6, 5}), {layer})) << "a thread without a seed";
  at::set_num_threads(1);
  EXPECT_FALSE(perceptron_suits(batched({kSeeds, 6, 2, 5}), {layer})) << "no rows";
  EXPECT_FALSE(perceptron_suits(batched({kSeeds, 0, 5}), {layer})) << "nothing";
  EXPECT_FALSE(perceptron_suits(batched({kSeeds, 6, 5}, at::kDouble), {layer}));
  layer.norm = {.terms = {batched({kSeeds, 4}), batched({kSeeds, 4}), batched({kSeeds, 4}),
                          batched({kSeeds, 4})}};
  EXPECT_EQ(perceptron_suits(batched({kSeeds, 2, 5}), {layer}), vectors);
  EXPECT_FALSE(perceptron_suits(batched({kSeeds, 1, 5}), {layer})) << "one row has no variance";
  const auto x = batched({kSeeds, 6, 5});
  EXPECT_FALSE(perceptron_suits(x, {})) << "no layer";
  EXPECT_THROW(perceptron_over_seeds(x, {}), c10::Error);
  EXPECT_FALSE(perceptron_suits(x, {layer, layer})) << "4 outputs, 5 inputs";
  EXPECT_THROW(perceptron_over_seeds(x, {layer, layer}), c10::Error);
  auto misfit = layer;
  misfit.bias = batched({kSeeds, 3});
  EXPECT_FALSE(perceptron_suits(x, {misfit})) << "a bias of other outputs";
  misfit = layer;
  misfit.norm->terms.scale = at::Tensor();
  EXPECT_FALSE(perceptron_suits(x, {misfit})) << "a normalisation without a scale";
  misfit = layer;
  misfit.norm->terms.running_mean = batched({kSeeds, 3});
  EXPECT_FALSE(perceptron_suits(x, {misfit})) << "statistics of other channels";
  misfit = layer;
  misfit.norm->terms.running_variance = at::ones({4});
  EXPECT_FALSE(perceptron_suits(x, {misfit})) << "one statistic for all seeds";
  misfit = layer;
  misfit.norm->terms.bias = batched({kSeeds, 4}, at::kDouble);
  EXPECT_FALSE(perceptron_suits(x, {misfit})) << "another type";
}

}  // namespace
}  // namespace assay
