// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/spatial_transformer.h"

#include <ATen/ATen.h>
#include <torch/nn/init.h>

#include "nn/blocks/residual_block.h"

namespace assay {
namespace {

constexpr double kGroupNormEpsilon = 1e-6;
constexpr std::int64_t kFeedForwardFactor = 4;

torch::nn::LayerNorm layer_norm(std::int64_t width) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}));
}

Linear without_bias(std::int64_t in, std::int64_t out) {
  return Linear(torch::nn::LinearOptions(in, out).bias(false));
}

Convolution pixelwise(std::int64_t channels) {
  return Convolution(torch::nn::Conv2dOptions(channels, channels, 1));
}

}  // namespace

torch::Tensor attended(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                       std::int64_t heads, const torch::Tensor& mask) {
  TORCH_CHECK(q.dim() == 3 && heads > 0 && q.size(2) % heads == 0, heads, " heads do not divide ",
              q.sizes());
  const auto by_heads = [heads](const torch::Tensor& x) {
    return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
  };
  std::optional<torch::Tensor> kept;
  if (mask.defined()) {
    TORCH_CHECK(mask.scalar_type() == at::kBool && mask.dim() == 2 && mask.size(0) == k.size(0) &&
                    mask.size(1) == k.size(1),
                "a mask of keys ", k.sizes(), " is [N,L] bool, not ", mask.sizes());
    kept = mask.view({mask.size(0), 1, 1, mask.size(1)});
  }
  const auto mixed = at::scaled_dot_product_attention(by_heads(q), by_heads(k), by_heads(v), kept);
  return mixed.transpose(1, 2).reshape(q.sizes());
}

TokenAttentionImpl::TokenAttentionImpl(std::int64_t width, std::int64_t context_width,
                                       std::int64_t heads)
    : heads_(heads),
      query_(without_bias(width, width)),
      key_(without_bias(context_width, width)),
      value_(without_bias(context_width, width)),
      out_(width, width) {
  TORCH_CHECK(heads > 0 && width % heads == 0, heads, " heads do not divide a width of ", width);
  register_module("query", query_);
  register_module("key", key_);
  register_module("value", value_);
  register_module("out", out_);
}

torch::Tensor TokenAttentionImpl::forward(const torch::Tensor& x, const torch::Tensor& context,
                                          const torch::Tensor& mask) {
  return out_(attended(query_(x), key_(context), value_(context), heads_, mask));
}

CrossAttentionBlockImpl::CrossAttentionBlockImpl(std::int64_t width, std::int64_t context_width,
                                                 std::int64_t heads)
    : self_norm_(layer_norm(width)),
      cross_norm_(layer_norm(width)),
      feed_norm_(layer_norm(width)),
      self_(width, width, heads),
      cross_(width, context_width, heads),
      gated_(width, 2 * kFeedForwardFactor * width),
      feed_(kFeedForwardFactor * width, width) {
  register_module("self_norm", self_norm_);
  register_module("self", self_);
  register_module("cross_norm", cross_norm_);
  register_module("cross", cross_);
  register_module("feed_norm", feed_norm_);
  register_module("gated", gated_);
  register_module("feed", feed_);
}

torch::Tensor CrossAttentionBlockImpl::forward(const torch::Tensor& tokens,
                                               const torch::Tensor& context,
                                               const torch::Tensor& mask) {
  const auto normed = self_norm_(tokens);
  auto x = tokens + self_(normed, normed);
  x = x + cross_(cross_norm_(x), context, mask);
  const auto halves = gated_(feed_norm_(x)).chunk(2, -1);
  return x + feed_(halves[0] * at::gelu(halves[1]));
}

SpatialTransformerImpl::SpatialTransformerImpl(const SpatialTransformerOptions& options)
    : skip_scale_(options.skip_scale),
      norm_(torch::nn::GroupNormOptions(options.groups, options.channels).eps(kGroupNormEpsilon)),
      input_(pixelwise(options.channels)),
      output_(pixelwise(options.channels)),
      block_(options.channels, options.context_width, options.heads) {
  register_module("norm", norm_);
  register_module("input", input_);
  register_module("block", block_);
  register_module("output", output_);
  torch::nn::init::zeros_(output_->weight);
  torch::nn::init::zeros_(output_->bias);
}

torch::Tensor SpatialTransformerImpl::forward(const torch::Tensor& x, const torch::Tensor& context,
                                              const torch::Tensor& mask) {
  // [N,C,H,W] -> [N,HW,C] and back.
  const auto tokens = input_(norm_(x)).flatten(2).transpose(1, 2);
  const auto h = block_(tokens, context, mask).transpose(1, 2).reshape(x.sizes());
  return scaled_sum(x, output_(h), skip_scale_);
}

}  // namespace assay
