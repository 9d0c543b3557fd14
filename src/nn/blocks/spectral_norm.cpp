// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/spectral_norm.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include "kernels/convolution/convolution.h"
#include "kernels/product/linear.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/initialise.h"

namespace assay {
namespace {

torch::Tensor of_unit_length(const torch::Tensor& x) { return x / x.norm().clamp_min(1e-12); }

SingularVectors register_vectors(torch::nn::Module& module, const torch::Tensor& weight) {
  const auto drawn = [](std::int64_t size) {
    return of_unit_length(at::empty({size}, at::kFloat).normal_(0, 1, construction_generator()));
  };
  const std::int64_t rows = weight.size(0);
  return {module.register_buffer("u", drawn(rows)),
          module.register_buffer("v", drawn(weight.numel() / rows))};
}

}  // namespace

torch::Tensor spectrally_normalised(const torch::Tensor& weight, SingularVectors& vectors,
                                    bool iterate) {
  const auto matrix = weight.flatten(1);
  auto u = vectors.u.clone(), v = vectors.v.clone();  // the next pass must not move this graph's
  if (iterate) {
    const torch::NoGradGuard no_grad;
    v = of_unit_length(at::mv(matrix.t(), u));
    u = of_unit_length(at::mv(matrix, v));
    vectors.v.copy_(v);
    vectors.u.copy_(u);
  }
  return weight / at::dot(u, at::mv(matrix, v));
}

SpectralLinearImpl::SpectralLinearImpl(const torch::nn::LinearOptions& settings)
    : torch::nn::LinearImpl(settings), vectors_(register_vectors(*this, weight)) {}

torch::Tensor SpectralLinearImpl::forward(const torch::Tensor& x) {
  return linear(x, spectrally_normalised(weight, vectors_, is_training()), bias);
}

std::vector<torch::Tensor*> SpectralLinearImpl::held_tensors() {
  return {&weight, &bias, &vectors_.u, &vectors_.v};
}

SpectralConvolutionImpl::SpectralConvolutionImpl(const torch::nn::Conv2dOptions& settings)
    : torch::nn::Conv2dImpl(settings), vectors_(register_vectors(*this, weight)) {
  plain_options(options);
}

torch::Tensor SpectralConvolutionImpl::forward(const torch::Tensor& x) {
  return convolution(x, spectrally_normalised(weight, vectors_, is_training()), bias,
                     plain_options(options));
}

std::vector<torch::Tensor*> SpectralConvolutionImpl::held_tensors() {
  return {&weight, &bias, &vectors_.u, &vectors_.v};
}

}  // namespace assay
