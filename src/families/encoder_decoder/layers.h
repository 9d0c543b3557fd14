// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "families/encoder_decoder/encoder_decoder.h"

namespace assay::layers {

inline constexpr std::int64_t kGroups = 8;  // of every group normalisation but those of maps

void activation(Sequential& layers, Nonlinearity nonlinearity);
/// Appends linear layers through `widths`, a nonlinearity after each but the last.
void linear(Sequential& layers, const std::vector<std::int64_t>& widths, Nonlinearity nonlinearity);
/// Appends Conv in→out kernel/stride/padding.
void conv(Sequential& layers, std::int64_t in, std::int64_t out, std::int64_t kernel,
          std::int64_t stride, std::int64_t padding);
/// Appends ConvT in→out 4/2/1, which doubles the side.
void widen(Sequential& layers, std::int64_t in, std::int64_t out);
void group_norm(Sequential& layers, std::int64_t channels);
void unflatten(Sequential& layers, std::vector<std::int64_t> shape);
/// first, middle…, last.
std::vector<std::int64_t> widths(std::int64_t first, const std::vector<std::int64_t>& middle,
                                 std::int64_t last);
std::vector<std::int64_t> reversed(std::vector<std::int64_t> values);

/// One maker for each kind.
EncoderDecoder make_mlp(const EncoderDecoderOptions& options);
EncoderDecoder make_conv(const EncoderDecoderOptions& options);  // and resnet
EncoderDecoder make_burgess(const EncoderDecoderOptions& options);
EncoderDecoder make_infogan(const EncoderDecoderOptions& options);
EncoderDecoder make_maps(const EncoderDecoderOptions& options);
/// What does not fit in those of kMaps, as encoder_decoder_misfit() says it.
std::string maps_misfit(const EncoderDecoderOptions& options,
                        std::string_view channels_key = "model.channels");

}  // namespace assay::layers
