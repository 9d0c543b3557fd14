// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/preactivation_block.h"

#include "nn/blocks/group_norm.h"

namespace assay {

PreactivationBlockImpl::PreactivationBlockImpl(std::int64_t in, std::int64_t out,
                                               std::int64_t groups)
    : norm1_(torch::nn::GroupNormOptions(groups, in)),
      norm2_(torch::nn::GroupNormOptions(groups, out)),
      conv1_(conv3x3(in, out)),
      conv2_(conv3x3(out, out)) {
  register_module("norm1", norm1_);
  register_module("conv1", conv1_);
  register_module("norm2", norm2_);
  register_module("conv2", conv2_);
  if (in != out) {
    skip_ = register_module("skip", Convolution(torch::nn::Conv2dOptions(in, out, 1)));
  }
}

torch::Tensor PreactivationBlockImpl::forward(const torch::Tensor& x) {
  const auto h = conv1_(norm_silu(norm1_, x));
  return (skip_.is_empty() ? x : skip_(x)) + conv2_(norm_silu(norm2_, h));
}

}  // namespace assay
