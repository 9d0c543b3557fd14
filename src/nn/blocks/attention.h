// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "nn/blocks/convolution.h"

namespace assay {

/// Multi-head self-attention over the pixels of a feature map (Vaswani et al. 2017, sec. 3.2; in
/// U-Nets Ho et al. 2020): x + W_o softmax(q kᵀ / √d) v with q, k, v 1×1 convolutions of GN(x) and
/// d = channels / heads. W_o starts at zero. The sum is multiplied by skip_scale: 1/√2 keeps the
/// variance of two independent summands (Song et al. 2021, appendix H).
class SelfAttentionImpl : public torch::nn::Module {
 public:
  /// Throws c10::Error unless heads and groups divide the channels.
  SelfAttentionImpl(std::int64_t channels, std::int64_t heads, std::int64_t groups,
                    double skip_scale = 1.0);

  /// [N,C,H,W] -> [N,C,H,W].
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::int64_t heads_;
  double skip_scale_;
  torch::nn::GroupNorm norm_;
  Convolution qkv_, out_;
};
TORCH_MODULE(SelfAttention);

}  // namespace assay
