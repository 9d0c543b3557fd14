// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "nn/blocks/convolution.h"

namespace assay {

/// Residual block with full pre-activation (He et al. 2016, "Identity Mappings", fig. 4e), group
/// normalisation in place of batch normalisation and SiLU in place of ReLU:
///   x + Conv3(SiLU(GN(Conv3(SiLU(GN(x)))))).
class PreactivationBlockImpl : public torch::nn::Module {
 public:
  PreactivationBlockImpl(std::int64_t channels, std::int64_t groups);
  /// [N,C,H,W] -> [N,C,H,W].
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::GroupNorm norm1_, norm2_;
  Convolution conv1_, conv2_;
};
TORCH_MODULE(PreactivationBlock);

}  // namespace assay
