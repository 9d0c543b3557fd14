// SPDX-License-Identifier: Apache-2.0
// Layers that only discriminators have: spectral normalisation, minibatch discrimination.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "kernels/convolution/convolution.h"
#include "nn/blocks/minibatch_discrimination.h"
#include "nn/blocks/spectral_norm.h"

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

double largest_singular_value(const torch::Tensor& weight) {
  return at::linalg_svdvals(weight.flatten(1)).max().item<double>();
}

SingularVectors drawn(std::int64_t rows, std::int64_t columns) {
  SingularVectors vectors{at::randn({rows}, seeded(1), torch::kDouble),
                          at::randn({columns}, seeded(2), torch::kDouble)};
  vectors.u /= vectors.u.norm();
  vectors.v /= vectors.v.norm();
  return vectors;
}

TEST(SpectralNorm, OnePassIsOnePowerIterationOnTheWeightAsItIs) {
  const auto w = at::randn({4, 3}, seeded(3), torch::kDouble);
  auto vectors = drawn(4, 3);
  const auto v = w.t().mv(vectors.u) / w.t().mv(vectors.u).norm();
  const auto u = w.mv(v) / w.mv(v).norm();
  const auto found = spectrally_normalised(w, vectors, true);
  EXPECT_TRUE(torch::allclose(found, w / u.dot(w.mv(v))));
  EXPECT_TRUE(torch::allclose(vectors.u, u));
  EXPECT_TRUE(torch::allclose(vectors.v, v));
}

TEST(SpectralNorm, EndsAtALargestSingularValueOfOne) {
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{6, 5}, {4, 3, 4, 4}}) {
    const auto w = at::randn(sizes, seeded(3), torch::kDouble);
    auto vectors = drawn(sizes[0], w.numel() / sizes[0]);
    torch::Tensor found;
    for (int pass = 0; pass < 500; ++pass) found = spectrally_normalised(w, vectors, true);
    EXPECT_NEAR(largest_singular_value(found), 1.0, 1e-6);
    EXPECT_TRUE(torch::allclose(found * largest_singular_value(w), w, 1e-6));
  }
}

// Of L = ⟨A, W/σ⟩ with σ = uᵀWv: A/σ − ⟨A, W⟩/σ² · uvᵀ (Miyato et al. 2018, eq. 10).
TEST(SpectralNorm, HasAGradientInTheWeightAlone) {
  const auto a = at::randn({4, 3}, seeded(4), torch::kDouble);
  auto w = at::randn({4, 3}, seeded(3), torch::kDouble).requires_grad_();
  auto vectors = drawn(4, 3);
  (a * spectrally_normalised(w, vectors, true)).sum().backward();
  const torch::NoGradGuard no_grad;
  const double sigma = vectors.u.dot(w.mv(vectors.v)).item<double>();
  const auto expected =
      a / sigma - (a * w).sum() / (sigma * sigma) * torch::outer(vectors.u, vectors.v);
  EXPECT_TRUE(torch::allclose(w.grad(), expected));
}

// Both layers, by what torch computes with the weight divided.
TEST(SpectralNorm, LayersIterateInTrainingAndStandStillInEvaluation) {
  torch::manual_seed(1);
  SpectralLinear linear(5, 4);
  SpectralConvolution convolution(torch::nn::Conv2dOptions(2, 4, 4).stride(2).padding(1));
  const auto x = at::randn({3, 5}, seeded(5)), images = at::randn({3, 2, 8, 8}, seeded(6));
  const auto check = [](auto& layer, const torch::Tensor& in, const auto& by_torch) {
    const auto buffers = [&] {
      return torch::cat({layer->named_buffers()["u"], layer->named_buffers()["v"]}).clone();
    };
    const auto start = buffers();
    const auto y = layer->forward(in);
    const auto trained = buffers();
    EXPECT_FALSE(torch::allclose(trained, start));
    layer->eval();
    const auto again = layer->forward(in);
    EXPECT_TRUE(torch::equal(again, y));
    EXPECT_TRUE(torch::equal(buffers(), trained));
    const auto u = layer->named_buffers()["u"], v = layer->named_buffers()["v"];
    const auto w = layer->weight / u.dot(layer->weight.flatten(1).mv(v));
    EXPECT_TRUE(torch::allclose(y, by_torch(in, w, layer->bias), 1e-4, 1e-5));
    EXPECT_GT((y - by_torch(in, layer->weight, layer->bias)).abs().max().template item<float>(),
              1e-2);
  };
  check(linear, x,
        [](const auto& in, const auto& w, const auto& b) { return at::linear(in, w, b); });
  check(convolution, images,
        [](const auto& in, const auto& w, const auto& b) { return at::conv2d(in, w, b, 2, 1); });
}

TEST(MinibatchDiscrimination, CountsNeighboursByTheirDistanceInEachKernel) {
  torch::manual_seed(1);
  MinibatchDiscrimination layer(3, 2, 4);
  const auto f = at::randn({5, 3}, seeded(1));
  const auto t = layer->parameters()[0];  // [B·C, A]
  const auto found = layer->forward(f);
  ASSERT_EQ(found.sizes(), (std::vector<std::int64_t>{5, 5}));
  EXPECT_TRUE(torch::equal(found.slice(1, 0, 3), f));
  for (std::int64_t i = 0; i < 5; ++i) {
    for (std::int64_t b = 0; b < 2; ++b) {
      double sum = 0.0;
      for (std::int64_t j = 0; j < 5; ++j) {
        const auto kernel = t.slice(0, 4 * b, 4 * b + 4);
        sum += std::exp(-kernel.mv(f[i] - f[j]).abs().sum().item<double>());
      }
      EXPECT_NEAR(found[i][3 + b].item<double>(), sum, 1e-5);
    }
  }
}

TEST(MinibatchDiscrimination, SaysNOfABatchOfOneExample) {
  MinibatchDiscrimination layer(3, 2, 4);
  const auto same = at::randn({1, 3}, seeded(1)).expand({6, 3});
  EXPECT_TRUE(torch::equal(layer->forward(same).slice(1, 3), torch::full({6, 2}, 6.0F)));
}

}  // namespace
}  // namespace assay
