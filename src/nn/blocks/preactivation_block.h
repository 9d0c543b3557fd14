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
///   skip(x) + Conv3(SiLU(GN(Conv3(SiLU(GN(x)))))),
/// skip a 1×1 convolution where channels change: the block of first stages of latent diffusion
/// (Esser et al. 2021; Rombach et al. 2022).
class PreactivationBlockImpl : public torch::nn::Module {
 public:
  PreactivationBlockImpl(std::int64_t channels, std::int64_t groups)
      : PreactivationBlockImpl(channels, channels, groups) {}
  /// groups: of both normalisations, a divisor of both numbers of channels.
  PreactivationBlockImpl(std::int64_t in, std::int64_t out, std::int64_t groups);
  /// [N,I,H,W] -> [N,O,H,W].
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::GroupNorm norm1_, norm2_;
  Convolution conv1_, conv2_, skip_{nullptr};
};
TORCH_MODULE(PreactivationBlock);

}  // namespace assay
