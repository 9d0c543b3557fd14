// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/residual_block.h"

#include <torch/nn/init.h>

#include "nn/blocks/dropout.h"
#include "nn/blocks/group_norm.h"

namespace assay {
namespace {

std::int64_t time_outputs(const ResidualBlockOptions& options) {
  return options.conditioning == TimeConditioning::kFilm ? 2 * options.out_channels
                                                         : options.out_channels;
}

}  // namespace

torch::Tensor scaled_sum(const torch::Tensor& a, const torch::Tensor& b, double scale) {
  const auto sum = a + b;
  return scale == 1.0 ? sum : scale * sum;
}

ResidualBlockImpl::ResidualBlockImpl(const ResidualBlockOptions& options)
    : options_(options),
      norm1_(torch::nn::GroupNormOptions(options.groups, options.in_channels)),
      norm2_(torch::nn::GroupNormOptions(options.groups, options.out_channels)),
      conv1_(conv3x3(options.in_channels, options.out_channels)),
      conv2_(conv3x3(options.out_channels, options.out_channels)),
      time_(options.time_channels, time_outputs(options)) {
  register_module("norm1", norm1_);
  register_module("conv1", conv1_);
  register_module("time", time_);
  register_module("norm2", norm2_);
  register_module("conv2", conv2_);
  torch::nn::init::zeros_(conv2_->weight);
  torch::nn::init::zeros_(conv2_->bias);
  if (options.in_channels != options.out_channels || options.projects_skip) {
    skip_ = register_module("skip", Convolution(torch::nn::Conv2dOptions(options.in_channels,
                                                                         options.out_channels, 1)));
  }
}

torch::Tensor ResidualBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& embedding,
                                         std::optional<Noise> noise) {
  const auto resample = [&](const torch::Tensor& map) {
    return resampled(map, options_.resampling, options_.filter);
  };
  auto h = conv1_(resample(norm_silu(norm1_, x)));
  const auto condition = time_(embedding);
  if (options_.conditioning == TimeConditioning::kFilm) {
    const auto parts = condition.chunk(2, 1);
    h = adaptive_norm_silu(norm2_, h, parts[0], parts[1]);
  } else {
    h = norm_silu(norm2_, h, condition);
  }
  h = dropout(h, options_.dropout, is_training(), noise);
  const auto skip = resample(x);
  return scaled_sum(conv2_(h), skip_.is_empty() ? skip : skip_(skip), options_.skip_scale);
}

}  // namespace assay
