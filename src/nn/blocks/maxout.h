// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "nn/blocks/linear.h"

namespace assay {

/// Maxout layer (Goodfellow et al. 2013): max over `pieces` affine maps of each output.
class MaxoutImpl : public torch::nn::Module {
 public:
  MaxoutImpl(std::int64_t in, std::int64_t out, std::int64_t pieces)
      : out_(out), pieces_(pieces), affine_(in, out * pieces) {
    register_module("affine", affine_);
  }
  /// [N,I] -> [N,O].
  torch::Tensor forward(const torch::Tensor& x) {
    return affine_(x).view({-1, out_, pieces_}).amax(-1);
  }

 private:
  std::int64_t out_, pieces_;
  Linear affine_;
};
TORCH_MODULE(Maxout);

}  // namespace assay
