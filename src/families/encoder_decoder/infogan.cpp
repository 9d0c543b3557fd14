// SPDX-License-Identifier: Apache-2.0
#include <torch/nn/modules/activation.h>

#include "families/encoder_decoder/layers.h"
#include "nn/blocks/batch_norm.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"

namespace assay::layers {
namespace {

void leaky_relu(Sequential& layers) {
  layers->push_back(torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2)));
}

// Layers in front of batch normalisation have no bias, because its shift is one.
void conv_bn(Sequential& layers, std::int64_t in, std::int64_t out) {
  layers->push_back(
      Convolution(torch::nn::Conv2dOptions(in, out, 4).stride(2).padding(1).bias(false)));
  layers->push_back(BatchNorm2d(out));
}

void linear_bn(Sequential& layers, std::int64_t in, std::int64_t out) {
  layers->push_back(Linear(torch::nn::LinearOptions(in, out).bias(false)));
  layers->push_back(BatchNorm1d(out));
}

}  // namespace

EncoderDecoder make_infogan(const EncoderDecoderOptions& options) {
  const auto height = options.image_shape[1] / 4, width = options.image_shape[2] / 4;
  const auto outer = options.infogan_width, inner = 2 * outer, units = 16 * outer;
  const auto values = inner * height * width;
  EncoderDecoder made;
  conv(made.encoder, options.encoder_channels(), outer, 4, 2, 1);
  leaky_relu(made.encoder);
  conv_bn(made.encoder, outer, inner);
  leaky_relu(made.encoder);
  made.encoder->push_back(torch::nn::Flatten());
  linear_bn(made.encoder, values, units);
  leaky_relu(made.encoder);
  made.encoder->push_back(Linear(units, options.encoder_outputs()));

  linear_bn(made.decoder, options.decoder_inputs(), units);
  made.decoder->push_back(torch::nn::ReLU());
  linear_bn(made.decoder, units, values);
  made.decoder->push_back(torch::nn::ReLU());
  unflatten(made.decoder, {inner, height, width});
  made.decoder->push_back(TransposedConvolution(
      torch::nn::ConvTranspose2dOptions(inner, outer, 4).stride(2).padding(1).bias(false)));
  made.decoder->push_back(BatchNorm2d(outer));
  made.decoder->push_back(torch::nn::ReLU());
  widen(made.decoder, outer, options.image_shape[0]);
  return made;
}

}  // namespace assay::layers
