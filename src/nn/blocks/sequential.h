// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include <cstddef>

namespace assay {

/// torch::nn::Sequential of modules that take a tensor and give one. Batched over seeds
/// (kernels/runtime/seed_batch.h), linear layers in a row, with the batch normalisations and
/// rectifiers between them, are computed as one operator (kernels/product/perceptron.h).
class SequentialImpl : public torch::nn::SequentialImpl {
 public:
  using torch::nn::SequentialImpl::SequentialImpl;
  torch::Tensor forward(const torch::Tensor& x);
  /// Through the modules [begin, end) alone.
  torch::Tensor forward_through(const torch::Tensor& x, std::size_t begin, std::size_t end);
};
TORCH_MODULE(Sequential);

}  // namespace assay
