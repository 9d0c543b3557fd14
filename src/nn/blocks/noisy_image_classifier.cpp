// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/noisy_image_classifier.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "nn/blocks/group_norm.h"
#include "nn/blocks/time_embedding.h"

namespace assay {
namespace {

using std::int64_t;

const UNetOptions& checked(const UNetOptions& options) {
  const auto misfit = unet_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  TORCH_CHECK(options.classes > 1, "a classifier needs two classes, not ", options.classes);
  return options;
}

int64_t last_width(const UNetOptions& options) {
  return options.base_channels * options.multipliers.back();
}

ResidualBlockOptions block_options(const UNetOptions& options, int64_t in, int64_t out) {
  return {.in_channels = in,
          .out_channels = out,
          .time_channels = unet_time_channels(options),
          .groups = options.groups,
          .dropout = 0.0,
          .conditioning = options.conditioning};
}

}  // namespace

NoisyImageClassifierImpl::NoisyImageClassifierImpl(const UNetOptions& options)
    : space_to_depth_(checked(options).space_to_depth),
      frequencies_(log_spaced_frequencies(unet_embedding_width(options) / 2,
                                          options.lowest_time_frequency,
                                          options.highest_time_frequency)),
      time1_(unet_embedding_width(options), unet_time_channels(options)),
      time2_(unet_time_channels(options), unet_time_channels(options)),
      input_(conv3x3(options.channels * space_to_depth_ * space_to_depth_, options.base_channels)),
      norm_(torch::nn::GroupNormOptions(options.groups, last_width(options))),
      output_(last_width(options), options.classes) {
  register_module("time1", time1_);
  register_module("time2", time2_);
  register_module("input", input_);
  int64_t channels = options.base_channels;
  for (std::size_t i = 0; i < options.multipliers.size(); ++i) {
    const int64_t width = options.base_channels * options.multipliers[i];
    Level level;
    for (int64_t b = 0; b < options.blocks; ++b) {
      level.blocks.push_back(
          register_module(fmt::format("down{}_block{}", i, b),
                          ResidualBlock(block_options(options, channels, width))));
      channels = width;
    }
    if (i + 1 < options.multipliers.size()) {
      level.resample =
          register_module(fmt::format("down{}_resample", i), conv3x3(channels, channels, 2));
    }
    levels_.push_back(std::move(level));
  }
  register_module("norm", norm_);
  register_module("output", output_);
}

torch::Tensor NoisyImageClassifierImpl::forward(const torch::Tensor& x_t, const torch::Tensor& t) {
  if (frequencies_.device() != t.device()) frequencies_ = frequencies_.to(t.device());
  const auto hidden = torch::silu(time1_(sinusoidal_embedding(t, frequencies_)));
  const auto embedding = torch::silu(time2_(hidden));
  auto h = input_(space_to_depth_ > 1 ? at::pixel_unshuffle(x_t, space_to_depth_) : x_t);
  for (auto& level : levels_) {
    for (auto& block : level.blocks) h = block(h, embedding);
    if (!level.resample.is_empty()) h = level.resample(h);
  }
  return output_(norm_silu(norm_, h).mean({2, 3}));
}

}  // namespace assay
