// SPDX-License-Identifier: Apache-2.0
#include "families/vae/mmd.h"

#include <ATen/ATen.h>

#include "kernels/product/squared_distances.h"

namespace assay {
namespace {

torch::Tensor kernel_of(const torch::Tensor& squares, MmdKernel kernel, double scale) {
  if (kernel == MmdKernel::kGaussian) return (-squares / scale).exp();
  auto sum = at::zeros_like(squares);
  for (const double s : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0}) {
    sum = sum + scale * s / (scale * s + squares);
  }
  return sum;
}

torch::Tensor off_diagonal_sum(const torch::Tensor& matrix) {
  return matrix.sum() - matrix.diagonal().sum();
}

}  // namespace

torch::Tensor mmd_squared(const torch::Tensor& codes, const torch::Tensor& prior_draws,
                          MmdKernel kernel, double bandwidth) {
  TORCH_CHECK(codes.sizes() == prior_draws.sizes() && codes.size(0) > 1, "MMD of ", codes.sizes(),
              " and ", prior_draws.sizes(), ": needs two equal sets of more than one");
  const auto n = static_cast<double>(codes.size(0));
  const double scale = 2.0 * static_cast<double>(codes.size(1)) * bandwidth * bandwidth;
  const auto within =
      off_diagonal_sum(kernel_of(squared_distances(codes, codes), kernel, scale)) +
      off_diagonal_sum(kernel_of(squared_distances(prior_draws, prior_draws), kernel, scale));
  const auto between = kernel_of(squared_distances(codes, prior_draws), kernel, scale).sum();
  return within / (n * (n - 1.0)) - 2.0 * between / (n * n);
}

}  // namespace assay
