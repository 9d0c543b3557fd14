// SPDX-License-Identifier: Apache-2.0

#include <torch/nn/modules/linear.h>

#include <functional>
#include <numeric>

#include "families/encoder_decoder/layers.h"

namespace assay::layers {

EncoderDecoder make_mlp(const EncoderDecoderOptions& options) {
  const auto& shape = options.image_shape;
  const auto pixels =
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  EncoderDecoder made;
  made.encoder->push_back(torch::nn::Flatten());
  linear(made.encoder,
         widths(pixels + options.condition_dim, options.hidden_widths, options.encoder_outputs()),
         options.activation);
  linear(made.decoder, widths(options.decoder_inputs(), reversed(options.hidden_widths), pixels),
         options.activation);
  unflatten(made.decoder, shape);
  return made;
}

}  // namespace assay::layers
