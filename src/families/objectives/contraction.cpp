// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/contraction.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

// Σ over the batch and the images' values of (vᵀ J)², for one direction v [N,Z].
torch::Tensor squared_product(const torch::Tensor& codes, const torch::Tensor& images,
                              const torch::Tensor& direction) {
  TORCH_CHECK(seeds_in_batch() == 0,
              "objective.contraction = \"exact\" and \"hutchinson\" differentiate by the images, "
              "which only one seed at a time can");
  return torch::autograd::grad({codes}, {images}, {direction}, /*retain_graph=*/true,
                               /*create_graph=*/true)[0]
      .square()
      .sum();
}

double rows(const torch::Tensor& codes) { return static_cast<double>(codes.size(0)); }

}  // namespace

torch::Tensor sigmoid_squared_norms(const torch::Tensor& codes, const torch::Tensor& weight) {
  TORCH_CHECK(codes.size(1) == weight.size(0), "codes ", codes.sizes(), " are not of a layer ",
              weight.sizes());
  const auto slopes = (codes * (1.0 - codes)).square();
  return at::mv(slopes, weight.square().sum(1));
}

torch::Tensor exact_squared_norms(const torch::Tensor& codes, const torch::Tensor& images) {
  auto norms = at::zeros({codes.size(0)}, codes.options().requires_grad(false));
  for (std::int64_t j = 0; j < codes.size(1); ++j) {
    auto direction = at::zeros_like(codes);
    direction.select(1, j).fill_(1.0);
    const auto row = torch::autograd::grad({codes}, {images}, {direction}, /*retain_graph=*/true);
    norms += row[0].square().flatten(1).sum(1);
  }
  return norms;
}

torch::Tensor sigmoid_contraction(const torch::Tensor& codes, const torch::Tensor& weight) {
  return sigmoid_squared_norms(codes, weight).mean();
}

torch::Tensor exact_contraction(const torch::Tensor& codes, const torch::Tensor& images) {
  auto sum = at::zeros({}, codes.options());
  for (std::int64_t j = 0; j < codes.size(1); ++j) {
    auto direction = at::zeros_like(codes);
    direction.select(1, j).fill_(1.0);
    sum = sum + squared_product(codes, images, direction);
  }
  return sum / rows(codes);
}

torch::Tensor hutchinson_contraction(const torch::Tensor& codes, const torch::Tensor& images,
                                     std::int64_t probes, const Noise& noise) {
  auto sum = at::zeros({}, codes.options());
  for (std::int64_t i = 0; i < probes; ++i) {
    const auto coins = noise.uniform(codes.sizes(), codes.options().requires_grad(false));
    sum = sum + squared_product(codes, images, 2.0 * (coins < 0.5).to(codes.dtype()) - 1.0);
  }
  return sum / (rows(codes) * static_cast<double>(probes));
}

}  // namespace assay
