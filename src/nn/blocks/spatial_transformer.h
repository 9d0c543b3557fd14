// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"

namespace assay {

/// softmax(q kᵀ / √d) v by heads (Vaswani et al. 2017, sec. 3.2). q: [N,T,C], k and v: [N,L,C], C a
/// multiple of heads, d = C / heads. mask: [N,L] bool, false where a key is padding, whose logit is
/// −∞; undefined: none is. Returns [N,T,C].
torch::Tensor attended(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                       std::int64_t heads, const torch::Tensor& mask = {});

/// W_o attended(W_q x, W_k c, W_v c), W_q, W_k and W_v without biases (Rombach et al. 2022, sec.
/// 3.3).
class TokenAttentionImpl : public torch::nn::Module {
 public:
  /// width: of x, context_width: of c. Throws c10::Error unless heads divide the width.
  TokenAttentionImpl(std::int64_t width, std::int64_t context_width, std::int64_t heads);
  /// x: [N,T,width]; context: [N,L,context_width], mask as attended()'s. Returns [N,T,width].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& context,
                        const torch::Tensor& mask = {});

 private:
  std::int64_t heads_;
  Linear query_, key_, value_, out_;
};
TORCH_MODULE(TokenAttention);

/// Transformer block over pixels that look at one another and at a sequence (Rombach et al. 2022,
/// appendix E.2.1):
///   x ← x + A_self(LN x, LN x); x ← x + A_cross(LN x, c); x ← x + W_2 (a ⊙ GELU(g)),
/// with (a, g) = W_1 LN x, each four times as wide as x (GEGLU: Shazeer 2020, eq. 6).
class CrossAttentionBlockImpl : public torch::nn::Module {
 public:
  CrossAttentionBlockImpl(std::int64_t width, std::int64_t context_width, std::int64_t heads);
  /// As TokenAttention; the mask is the cross-attention's alone.
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& context,
                        const torch::Tensor& mask = {});

 private:
  torch::nn::LayerNorm self_norm_, cross_norm_, feed_norm_;
  TokenAttention self_, cross_;
  Linear gated_, feed_;
};
TORCH_MODULE(CrossAttentionBlock);

struct SpatialTransformerOptions {
  std::int64_t channels = 0;
  std::int64_t context_width = 0;
  std::int64_t heads = 1;
  std::int64_t groups = 8;
  double skip_scale = 1.0;  ///< of the sum with what skips it, as SelfAttention's
};

/// What stands in place of a U-Net's self-attention where a condition is a sequence (Rombach et al.
/// 2022, fig. 3): x + P_out(block(P_in(GN(x)), c)), P_in and P_out 1×1 convolutions, of which P_out
/// starts at zero; the group normalisation's ε is 1e-6 as in their code.
class SpatialTransformerImpl : public torch::nn::Module {
 public:
  explicit SpatialTransformerImpl(const SpatialTransformerOptions& options);
  /// x: [N,C,H,W]; context and mask as TokenAttention's. Returns [N,C,H,W].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& context,
                        const torch::Tensor& mask = {});

 private:
  double skip_scale_;
  torch::nn::GroupNorm norm_;
  Convolution input_, output_;
  CrossAttentionBlock block_;
};
TORCH_MODULE(SpatialTransformer);

}  // namespace assay
