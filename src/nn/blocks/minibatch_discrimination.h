// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "kernels/product/batch_likeness.h"
#include "nn/blocks/linear.h"

namespace assay {

/// Minibatch discrimination (Salimans et al. 2016, sec. 3.2): tells a discriminator how alike the
/// examples of a batch are. With M_i = f_i T, T [A,B,C], features f [N,A] get B more,
///   o_b(i) = Σ_j exp(−‖M_ib − M_jb‖₁), j = i included: N where all examples agree, 1 where none
///   do.
class MinibatchDiscriminationImpl : public torch::nn::Module {
 public:
  MinibatchDiscriminationImpl(std::int64_t features, std::int64_t kernels, std::int64_t dimensions)
      : kernels_(kernels),
        dimensions_(dimensions),
        projection_(torch::nn::LinearOptions(features, kernels * dimensions).bias(false)) {
    register_module("projection", projection_);
  }
  /// [N,A] -> [N,A+B].
  torch::Tensor forward(const torch::Tensor& features) {
    const auto m = projection_(features).view({-1, kernels_, dimensions_});
    return torch::cat({features, batch_likeness(m)}, 1);
  }

 private:
  std::int64_t kernels_, dimensions_;
  Linear projection_;
};
TORCH_MODULE(MinibatchDiscrimination);

}  // namespace assay
