// SPDX-License-Identifier: Apache-2.0
#include <torch/nn/modules/linear.h>

#include "families/encoder_decoder/layers.h"
#include "nn/blocks/initialise.h"

namespace assay::layers {
namespace {

constexpr std::int64_t kInnerChannels = 64, kInnerSide = 4, kHidden = 256;
constexpr std::int64_t kInnerSize = kInnerChannels * kInnerSide * kInnerSide;

}  // namespace

EncoderDecoder make_burgess(const EncoderDecoderOptions& options) {
  const bool large = options.image_shape[1] == 64;
  EncoderDecoder made;
  const auto convolve = [&](std::int64_t in, std::int64_t out, std::int64_t kernel) {
    // "same" padding at stride 2: one pixel around a kernel of 4, none around one of 2.
    conv(made.encoder, in, out, kernel, 2, kernel == 4 ? 1 : 0);
    activation(made.encoder, Nonlinearity::kRelu);
  };
  convolve(options.encoder_channels(), 32, 4);
  convolve(32, 32, 4);
  convolve(32, 64, 2);
  if (large) convolve(64, 64, 2);
  made.encoder->push_back(torch::nn::Flatten());
  linear(made.encoder, {kInnerSize, kHidden, options.encoder_outputs()}, Nonlinearity::kRelu);

  linear(made.decoder, {options.decoder_inputs(), kHidden, kInnerSize}, Nonlinearity::kRelu);
  activation(made.decoder, Nonlinearity::kRelu);
  unflatten(made.decoder, {kInnerChannels, kInnerSide, kInnerSide});
  std::vector<std::int64_t> channels = {kInnerChannels, 32, 32};
  if (large) channels.insert(channels.begin(), kInnerChannels);
  for (std::size_t i = 1; i < channels.size(); ++i) {
    widen(made.decoder, channels[i - 1], channels[i]);
    activation(made.decoder, Nonlinearity::kRelu);
  }
  widen(made.decoder, channels.back(), options.image_shape[0]);
  initialise_xavier(*made.encoder, construction_generator());
  initialise_xavier(*made.decoder, construction_generator());
  return made;
}

}  // namespace assay::layers
