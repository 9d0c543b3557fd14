// SPDX-License-Identifier: Apache-2.0

#include <torch/nn/modules/linear.h>

#include "families/encoder_decoder/layers.h"
#include "nn/blocks/preactivation_block.h"

namespace assay::layers {
namespace {

bool residual(const EncoderDecoderOptions& options) {
  return options.kind == EncoderDecoderKind::kResnet;
}

std::int64_t inner_side(const EncoderDecoderOptions& options) {
  return options.image_shape[1] >> options.channels.size();
}

std::int64_t inner_size(const EncoderDecoderOptions& options) {
  return options.channels.back() * inner_side(options) * inner_side(options);
}

void residual_blocks(Sequential& layers, const EncoderDecoderOptions& options,
                     std::int64_t channels) {
  for (std::int64_t i = 0; i < options.blocks; ++i) {
    layers->push_back(PreactivationBlock(channels, kGroups));
  }
}

Sequential make_encoder(const EncoderDecoderOptions& options) {
  const auto& c = options.channels;
  Sequential encoder;
  for (std::size_t i = 0; i < c.size(); ++i) {
    conv(encoder, i == 0 ? options.encoder_channels() : c[i - 1], c[i], 4, 2, 1);
    if (residual(options)) {
      residual_blocks(encoder, options, c[i]);
    } else {
      if (i > 0) group_norm(encoder, c[i]);
      activation(encoder, options.activation);
    }
  }
  if (residual(options)) {
    group_norm(encoder, c.back());
  } else {
    conv(encoder, c.back(), c.back(), 3, 1, 1);
  }
  activation(encoder, options.activation);
  encoder->push_back(torch::nn::Flatten());
  linear(encoder, widths(inner_size(options), options.hidden_widths, options.encoder_outputs()),
         options.activation);
  return encoder;
}

Sequential make_decoder(const EncoderDecoderOptions& options) {
  const auto& c = options.channels;
  const auto side = inner_side(options);
  Sequential decoder;
  linear(decoder,
         widths(options.decoder_inputs(), reversed(options.hidden_widths), inner_size(options)),
         options.activation);
  if (!residual(options)) activation(decoder, options.activation);
  unflatten(decoder, {c.back(), side, side});
  if (!residual(options)) {
    conv(decoder, c.back(), c.back(), 3, 1, 1);
    group_norm(decoder, c.back());
    activation(decoder, options.activation);
  }
  for (std::size_t i = c.size(); i-- > 0;) {
    if (residual(options)) residual_blocks(decoder, options, c[i]);
    if (i == 0) break;
    widen(decoder, c[i], c[i - 1]);
    if (!residual(options)) activation(decoder, options.activation);
  }
  if (residual(options)) {
    group_norm(decoder, c[0]);
    activation(decoder, options.activation);
  }
  widen(decoder, c[0], options.image_shape[0]);
  return decoder;
}

}  // namespace

EncoderDecoder make_conv(const EncoderDecoderOptions& options) {
  EncoderDecoder made;
  made.encoder = make_encoder(options);
  made.decoder = make_decoder(options);
  return made;
}

}  // namespace assay::layers
