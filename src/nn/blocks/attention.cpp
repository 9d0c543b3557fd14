// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/attention.h"

#include <ATen/ATen.h>
#include <torch/nn/init.h>

#include "nn/blocks/residual_block.h"

namespace assay {

SelfAttentionImpl::SelfAttentionImpl(std::int64_t channels, std::int64_t heads, std::int64_t groups,
                                     double skip_scale)
    : heads_(heads),
      skip_scale_(skip_scale),
      norm_(torch::nn::GroupNormOptions(groups, channels)),
      qkv_(torch::nn::Conv2dOptions(channels, 3 * channels, 1)),
      out_(torch::nn::Conv2dOptions(channels, channels, 1)) {
  TORCH_CHECK(heads > 0 && channels % heads == 0, heads, " heads do not divide ", channels,
              " channels");
  register_module("norm", norm_);
  register_module("qkv", qkv_);
  register_module("out", out_);
  torch::nn::init::zeros_(out_->weight);
  torch::nn::init::zeros_(out_->bias);
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x) {
  const auto n = x.size(0), c = x.size(1), height = x.size(2), width = x.size(3);
  // [N,3,heads,d,HW] -> three of [N,heads,HW,d].
  const auto qkv =
      qkv_(norm_(x)).reshape({n, 3, heads_, c / heads_, height * width}).transpose(-1, -2);
  const auto parts = qkv.unbind(1);
  const auto mixed = at::scaled_dot_product_attention(parts[0], parts[1], parts[2]);
  return scaled_sum(x, out_(mixed.transpose(-1, -2).reshape({n, c, height, width})), skip_scale_);
}

}  // namespace assay
