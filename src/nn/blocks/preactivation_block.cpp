// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/preactivation_block.h"

#include "nn/blocks/group_norm.h"

namespace assay {
PreactivationBlockImpl::PreactivationBlockImpl(std::int64_t channels, std::int64_t groups)
    : norm1_(torch::nn::GroupNormOptions(groups, channels)),
      norm2_(torch::nn::GroupNormOptions(groups, channels)),
      conv1_(conv3x3(channels, channels)),
      conv2_(conv3x3(channels, channels)) {
  register_module("norm1", norm1_);
  register_module("conv1", conv1_);
  register_module("norm2", norm2_);
  register_module("conv2", conv2_);
}

torch::Tensor PreactivationBlockImpl::forward(const torch::Tensor& x) {
  const auto h = conv1_(norm_silu(norm1_, x));
  return x + conv2_(norm_silu(norm2_, h));
}

}  // namespace assay
