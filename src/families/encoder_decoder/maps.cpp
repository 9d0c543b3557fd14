// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/normalization.h>

#include "families/encoder_decoder/layers.h"
#include "nn/blocks/attention.h"
#include "nn/blocks/halving.h"
#include "nn/blocks/preactivation_block.h"
#include "nn/blocks/resample.h"

namespace assay::layers {
namespace {

class DoubledSidesImpl : public torch::nn::Module {
 public:
  torch::Tensor forward(const torch::Tensor& x) {
    return resampled(x, Resampling::kDouble, {1, 1});
  }
};
TORCH_MODULE(DoubledSides);

class SpaceToDepthImpl : public torch::nn::Module {
 public:
  explicit SpaceToDepthImpl(std::int64_t factor) : factor_(factor) {}
  torch::Tensor forward(const torch::Tensor& x) { return at::pixel_unshuffle(x, factor_); }

 private:
  std::int64_t factor_;
};
TORCH_MODULE(SpaceToDepth);

class DepthToSpaceImpl : public torch::nn::Module {
 public:
  explicit DepthToSpaceImpl(std::int64_t factor) : factor_(factor) {}
  torch::Tensor forward(const torch::Tensor& x) { return at::pixel_shuffle(x, factor_); }

 private:
  std::int64_t factor_;
};
TORCH_MODULE(DepthToSpace);

// Codes as maps; the numbers of a condition behind them become a constant plane each.
class CodeMapsImpl : public torch::nn::Module {
 public:
  explicit CodeMapsImpl(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}
  torch::Tensor forward(const torch::Tensor& z) {
    const auto numbers = shape_[0] * shape_[1] * shape_[2];
    const auto maps = z.slice(1, 0, numbers).unflatten(1, shape_);
    if (z.size(1) == numbers) return maps;
    const auto planes = z.slice(1, numbers).unsqueeze(-1).unsqueeze(-1);
    return at::cat({maps, planes.expand({-1, -1, shape_[1], shape_[2]})}, 1);
  }

 private:
  std::vector<std::int64_t> shape_;
};
TORCH_MODULE(CodeMaps);

// The first of `count` blocks changes the channels.
void blocks(Sequential& layers, std::int64_t in, std::int64_t out, std::int64_t count,
            std::int64_t groups) {
  for (std::int64_t i = 0; i < count; ++i) {
    layers->push_back(PreactivationBlock(i == 0 ? in : out, out, groups));
  }
}

void middle(Sequential& layers, const EncoderDecoderOptions& options) {
  const auto channels = options.channels.back();
  layers->push_back(PreactivationBlock(channels, options.groups));
  if (options.attention) layers->push_back(SelfAttention(channels, /*heads=*/1, options.groups));
  layers->push_back(PreactivationBlock(channels, options.groups));
}

void output(Sequential& layers, std::int64_t in, std::int64_t out, std::int64_t groups) {
  layers->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(groups, in)));
  layers->push_back(torch::nn::SiLU());
  conv(layers, in, out, 3, 1, 1);
}

Sequential make_encoder(const EncoderDecoderOptions& options) {
  const auto& c = options.channels;
  const auto f = options.space_to_depth;
  Sequential encoder;
  if (f > 1) encoder->push_back(SpaceToDepth(f));
  conv(encoder, options.encoder_channels() * f * f, c[0], 3, 1, 1);
  for (std::size_t i = 0; i < c.size(); ++i) {
    blocks(encoder, i == 0 ? c[0] : c[i - 1], c[i], options.blocks, options.groups);
    if (i + 1 < c.size()) conv(encoder, c[i], c[i], 3, 2, 1);
  }
  middle(encoder, options);
  output(encoder, c.back(), options.codes_per_latent * options.latent_channels, options.groups);
  encoder->push_back(torch::nn::Flatten());
  return encoder;
}

Sequential make_decoder(const EncoderDecoderOptions& options) {
  const auto& c = options.channels;
  const auto f = options.space_to_depth;
  Sequential decoder;
  decoder->push_back(CodeMaps(options.latent_shape()));
  conv(decoder, options.latent_channels + options.condition_dim, c.back(), 3, 1, 1);
  middle(decoder, options);
  for (std::size_t i = c.size(); i-- > 0;) {
    blocks(decoder, i + 1 < c.size() ? c[i + 1] : c[i], c[i], options.blocks + 1, options.groups);
    if (i == 0) break;
    decoder->push_back(DoubledSides());
    conv(decoder, c[i], c[i], 3, 1, 1);
  }
  output(decoder, c[0], options.image_shape[0] * f * f, options.groups);
  if (f > 1) decoder->push_back(DepthToSpace(f));
  return decoder;
}

}  // namespace

std::string maps_misfit(const EncoderDecoderOptions& options, std::string_view channels_key) {
  if (options.channels.empty()) return fmt::format("{} is empty", channels_key);
  const auto halvings = options.channels.size() - 1;
  for (const std::size_t axis : {1UL, 2UL}) {
    const auto side = options.image_shape[axis], f = options.space_to_depth;
    if (side % f != 0 || !halves_evenly(side / f, halvings)) {
      const auto after = f > 1 ? fmt::format(" after model.space_to_depth = {}", f) : "";
      const auto times = f > 1 ? fmt::format("{} times ", f) : "";
      return fmt::format("{} entries of {}{} need images with sides that {}{} divides, not {}x{}",
                         options.channels.size(), channels_key, after, times,
                         power_of_two_text(halvings), options.image_shape[1],
                         options.image_shape[2]);
    }
  }
  for (const auto channels : options.channels) {
    if (channels % options.groups != 0) {
      return fmt::format("{} in {} is not a multiple of model.groups = {}", channels, channels_key,
                         options.groups);
    }
  }
  return {};
}

EncoderDecoder make_maps(const EncoderDecoderOptions& options) {
  EncoderDecoder made;
  made.encoder = make_encoder(options);
  made.decoder = make_decoder(options);
  return made;
}

}  // namespace assay::layers
