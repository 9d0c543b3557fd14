// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/unet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/init.h>

#include <algorithm>
#include <utility>

#include "nn/blocks/group_norm.h"
#include "nn/blocks/halving.h"
#include "nn/blocks/linear.h"

namespace assay {
namespace {

constexpr std::int64_t kTimeWidthFactor = 4;  // Ho et al. 2020: the time MLP is 4 · base wide

torch::Tensor double_side(const torch::Tensor& h) {
  return resampled(h, Resampling::kDouble, {1, 1});
}

}  // namespace

std::int64_t unet_embedding_width(const UNetOptions& o) {
  return o.time_embedding > 0 ? o.time_embedding : 2 * o.base_channels;
}

std::int64_t unet_time_channels(const UNetOptions& o) { return kTimeWidthFactor * o.base_channels; }

std::string unet_misfit(const UNetOptions& o) {
  if (o.multipliers.empty()) return "the U-Net has no levels";
  const auto halvings = o.multipliers.size() - 1;
  if (o.image_size % o.space_to_depth != 0 ||
      !halves_evenly(o.image_size / o.space_to_depth, halvings)) {
    const auto times = o.space_to_depth > 1 ? fmt::format("{} times ", o.space_to_depth) : "";
    return fmt::format(
        "{} levels after space_to_depth {} need an image side that {}{} divides, not {}",
        o.multipliers.size(), o.space_to_depth, times, power_of_two_text(halvings), o.image_size);
  }
  for (const auto multiplier : o.multipliers) {
    const std::int64_t width = o.base_channels * multiplier;
    if (width % o.groups != 0) {
      return fmt::format("{} groups do not divide a level's {} channels", o.groups, width);
    }
    if (o.head_channels > 0 && width % o.head_channels != 0) {
      return fmt::format("heads of {} channels do not divide a level's {} channels",
                         o.head_channels, width);
    }
    if (o.head_channels == 0 && width % o.heads != 0) {
      return fmt::format("{} heads do not divide a level's {} channels", o.heads, width);
    }
  }
  if (o.resample == UNetResample::kPooling && o.layout == UNetLayout::kCompact) {
    return "levels joined by pooling have no layer that changes the channels, as layout compact's "
           "must; take layout ddpm, or another resample";
  }
  if (auto misfit = filter_misfit(o.resample_filter); !misfit.empty()) return misfit;
  const std::int64_t embedding = unet_embedding_width(o);
  if (embedding < 4 || embedding % 2 != 0) {
    return fmt::format("the time embedding is {} wide, it must be even and at least 4", embedding);
  }
  if (o.lowest_time_frequency > o.highest_time_frequency) {
    return fmt::format("the lowest frequency of the time, {}, exceeds the highest, {}",
                       o.lowest_time_frequency, o.highest_time_frequency);
  }
  return {};
}

UNetBlockImpl::UNetBlockImpl(const ResidualBlockOptions& residual, std::int64_t heads,
                             std::int64_t context_width)
    : residual_(residual) {
  register_module("residual", residual_);
  if (heads > 0 && context_width > 0) {
    transformer_ = register_module("transformer", SpatialTransformer(SpatialTransformerOptions{
                                                      residual.out_channels, context_width, heads,
                                                      residual.groups, residual.skip_scale}));
  } else if (heads > 0) {
    attention_ = register_module("attention", SelfAttention(residual.out_channels, heads,
                                                            residual.groups, residual.skip_scale));
  }
}

torch::Tensor UNetBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& embedding,
                                     const torch::Tensor& context, std::optional<Noise> noise) {
  auto h = residual_(x, embedding, std::move(noise));
  if (!transformer_.is_empty()) return transformer_(h, context);
  return attention_.is_empty() ? h : attention_(h);
}

std::int64_t UNetImpl::width(std::size_t level) const {
  return options_.base_channels * options_.multipliers[level];
}

std::int64_t UNetImpl::side(std::size_t level) const {
  return options_.image_size / options_.space_to_depth >> level;
}

bool UNetImpl::attends(std::size_t level) const {
  const auto& at = options_.attention_resolutions;
  return std::find(at.begin(), at.end(), side(level)) != at.end();
}

std::int64_t UNetImpl::heads(std::size_t level) const {
  return options_.head_channels > 0 ? width(level) / options_.head_channels : options_.heads;
}

ResidualBlockOptions UNetImpl::residual(std::int64_t in, std::int64_t out) const {
  return {.in_channels = in,
          .out_channels = out,
          .time_channels = unet_time_channels(options_),
          .groups = options_.groups,
          .dropout = options_.dropout,
          .conditioning = options_.conditioning,
          .skip_scale = options_.skip_scale};
}

UNetBlock UNetImpl::block(const std::string& name, std::int64_t in, std::int64_t out,
                          std::int64_t heads) {
  return register_module(name, UNetBlock(residual(in, out), heads, context_width()));
}

std::int64_t UNetImpl::context_width() const {
  return options_.token_entries > 0 ? unet_time_channels(options_) : 0;
}

void UNetImpl::join(Level& level, const std::string& name, std::int64_t in, std::int64_t out,
                    Resampling how) {
  if (options_.resample == UNetResample::kPooling) return;
  if (options_.resample == UNetResample::kConvolution) {
    const std::int64_t stride = how == Resampling::kHalve ? 2 : 1;
    level.convolution = register_module(name, conv3x3(in, out, stride));
    return;
  }
  auto options = residual(in, out);
  options.resampling = how;
  options.filter = options_.resample_filter;
  options.projects_skip = options_.resample == UNetResample::kProjected;
  level.residual = register_module(name, ResidualBlock(options));
}

UNetImpl::UNetImpl(const UNetOptions& options) : options_(options) {
  const auto misfit = unet_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  const std::int64_t inner = options.channels * options.space_to_depth * options.space_to_depth;
  const std::int64_t embedding = unet_embedding_width(options);
  const std::int64_t time = unet_time_channels(options);
  frequencies_ = log_spaced_frequencies(embedding / 2, options.lowest_time_frequency,
                                        options.highest_time_frequency);
  if (options.fourier_scale > 0.0) {
    fourier_ = register_module("fourier", FourierFeatures(embedding / 2, options.fourier_scale));
  }
  time1_ = register_module("time1", Linear(embedding, time));
  time2_ = register_module("time2", Linear(time, time));
  input_ = register_module("input", conv3x3(inner, options.base_channels));

  std::vector<std::int64_t> skips;
  build_down(skips);
  build_middle();
  build_up(skips);

  output_norm_ = register_module(
      "output_norm", torch::nn::GroupNorm(torch::nn::GroupNormOptions(options.groups, width(0))));
  output_ = register_module("output", conv3x3(width(0), inner * options.outputs));
  torch::nn::init::zeros_(output_->weight);
  torch::nn::init::zeros_(output_->bias);
  if (options.classes > 0) {
    label_ = register_module("label", torch::nn::Embedding(options.classes + 1, time));
  }
  if (options.token_entries > 0) {
    tokens_ =
        register_module("tokens", torch::nn::Embedding(options.token_entries + 1, context_width()));
  }
}

void UNetImpl::build_middle() {
  const std::size_t last = options_.multipliers.size() - 1;
  const std::int64_t channels = width(last);
  if (!compact()) middle1_ = block("middle1", channels, channels, /*heads=*/0);
  if (context_width() > 0) {
    middle_transformer_ = register_module(
        "middle_transformer",
        SpatialTransformer(SpatialTransformerOptions{channels, context_width(), heads(last),
                                                     options_.groups, options_.skip_scale}));
  } else {
    middle_attention_ =
        register_module("middle_attention",
                        SelfAttention(channels, heads(last), options_.groups, options_.skip_scale));
  }
  middle2_ = block("middle2", channels, channels, /*heads=*/0);
}

void UNetImpl::build_down(std::vector<std::int64_t>& skips) {
  std::int64_t channels = options_.base_channels;
  std::int64_t image_channels = input_->options.in_channels();
  if (!compact()) skips.push_back(channels);
  for (std::size_t i = 0; i < options_.multipliers.size(); ++i) {
    Level level;
    for (std::int64_t b = 0; b < options_.blocks; ++b) {
      const auto name = fmt::format("down{}_block{}", i, b);
      level.blocks.push_back(block(name, channels, width(i), attends(i) ? heads(i) : 0));
      channels = width(i);
      skips.push_back(channels);
    }
    if (i + 1 < options_.multipliers.size()) {
      const std::int64_t next = compact() ? width(i + 1) : channels;
      join(level, fmt::format("down{}_resample", i), channels, next, Resampling::kHalve);
      channels = next;
      if (options_.progressive_input) {
        const auto options = torch::nn::Conv2dOptions(image_channels, channels, 3).stride(2);
        level.image = register_module(fmt::format("down{}_image", i), Convolution(options));
        image_channels = channels;
      }
      if (!compact()) skips.push_back(channels);
    }
    down_.push_back(std::move(level));
  }
}

void UNetImpl::build_up(std::vector<std::int64_t>& skips) {
  std::int64_t channels = width(options_.multipliers.size() - 1);
  const std::int64_t blocks = options_.blocks + (compact() ? 0 : 1);
  for (std::size_t i = options_.multipliers.size(); i-- > 0;) {
    Level level;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const auto name = fmt::format("up{}_block{}", i, b);
      const bool attention =
          attends(i) && (b + 1 == blocks || !options_.attention_in_last_up_block_only);
      level.blocks.push_back(
          block(name, channels + skips.back(), width(i), attention ? heads(i) : 0));
      skips.pop_back();
      channels = width(i);
    }
    if (i > 0) {
      const std::int64_t next = compact() ? width(i - 1) : channels;
      join(level, fmt::format("up{}_resample", i), channels, next, Resampling::kDouble);
      channels = next;
    }
    up_.push_back(std::move(level));
  }
}

torch::Tensor UNetImpl::embed(const torch::Tensor& t, const torch::Tensor& labels) {
  if (frequencies_.device() != t.device()) frequencies_ = frequencies_.to(t.device());
  const auto features =
      fourier_.is_empty() ? sinusoidal_embedding(t, frequencies_) : fourier_->forward(t);
  const auto hidden = torch::silu(time1_(features));
  if (options_.classes == 0) return torch::silu(time2_(hidden));
  const auto none = at::full({t.size(0)}, options_.classes, t.options().dtype(at::kLong));
  return torch::silu(time2_(hidden) + label_(labels.defined() ? labels : none));
}

torch::Tensor UNetImpl::context(const torch::Tensor& tokens, std::int64_t count) {
  if (options_.token_entries == 0) return {};
  if (tokens.defined()) return tokens_(tokens);
  return tokens_(at::full({count, options_.tokens}, options_.token_entries,
                          tokens_->weight.options().dtype(at::kLong).requires_grad(false)));
}

torch::Tensor UNetImpl::middle(const torch::Tensor& x, const torch::Tensor& embedding,
                               const torch::Tensor& context, const std::optional<Noise>& noise) {
  auto h = compact() ? x : middle1_(x, embedding, context, noise);
  h = middle_transformer_.is_empty() ? middle_attention_(h) : middle_transformer_(h, context);
  return middle2_(h, embedding, context, noise);
}

torch::Tensor UNetImpl::resample(Level& level, const torch::Tensor& h, Resampling how,
                                 const torch::Tensor& embedding, std::optional<Noise> noise) const {
  if (options_.resample == UNetResample::kPooling) return resampled(h, how, {1, 1});
  if (!level.residual.is_empty()) return level.residual(h, embedding, std::move(noise));
  if (how == Resampling::kHalve) return level.convolution(h);
  return compact() ? double_side(level.convolution(h)) : level.convolution(double_side(h));
}

torch::Tensor UNetImpl::forward(const torch::Tensor& x_t, const torch::Tensor& t,
                                std::optional<Noise> noise) {
  return predict(x_t, t, {}, std::move(noise));
}

torch::Tensor UNetImpl::predict(const torch::Tensor& x_t, const torch::Tensor& t,
                                const Condition& condition, std::optional<Noise> noise) {
  const std::int64_t factor = options_.space_to_depth;
  const auto embedding = embed(t, condition.labels);
  const auto told = context(condition.tokens, x_t.size(0));
  auto image = factor > 1 ? at::pixel_unshuffle(x_t, factor) : x_t;
  auto h = input_(image);
  std::vector<torch::Tensor> skips;
  if (!compact()) skips.push_back(h);
  for (auto& level : down_) {
    for (auto& unit : level.blocks) skips.push_back(h = unit(h, embedding, told, noise));
    if (&level == &down_.back()) break;
    h = resample(level, h, Resampling::kHalve, embedding, noise);
    if (options_.progressive_input) {
      image = level.image(blurred(image, options_.resample_filter));
      h = image = scaled_sum(image, h, options_.skip_scale);
    }
    if (!compact()) skips.push_back(h);
  }
  h = middle(h, embedding, told, noise);
  for (auto& level : up_) {
    for (auto& unit : level.blocks) {
      h = unit(at::cat({h, skips.back()}, 1), embedding, told, noise);
      skips.pop_back();
    }
    if (&level == &up_.back()) break;
    h = resample(level, h, Resampling::kDouble, embedding, noise);
  }
  h = output_(norm_silu(output_norm_, h));
  return factor > 1 ? at::pixel_shuffle(h, factor) : h;
}

}  // namespace assay
