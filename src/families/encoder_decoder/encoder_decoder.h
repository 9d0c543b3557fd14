// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "families/encoder_decoder/nonlinearity.h"
#include "families/trainable.h"
#include "nn/blocks/sequential.h"

namespace assay {

enum class EncoderDecoderKind { kMlp, kConv, kResnet, kBurgess, kInfogan, kMaps };

struct EncoderDecoderOptions {
  EncoderDecoderKind kind = EncoderDecoderKind::kConv;
  std::vector<std::int64_t> image_shape;  ///< {C,H,W}
  std::vector<std::int64_t>
      channels;  ///< conv, resnet: of the convolutions, outermost first; each halves the side;
                 ///< maps: of the levels, outermost first; the side halves between them
  std::vector<std::int64_t> hidden_widths;  ///< of the linear layers, outermost first
  std::int64_t blocks = 1;  ///< resnet: residual blocks after each halving; maps: of a level
  std::int64_t latent_dim = 0;
  std::int64_t codes_per_latent = 1;  ///< 2: the encoder gives a mean and a log variance of each
  std::int64_t condition_dim = 0;     ///< entries of the condition that both halves also see
  Nonlinearity activation = Nonlinearity::kSilu;  ///< mlp, conv, resnet
  std::int64_t latent_channels = 0;               ///< maps: c, so that latent_dim is c·h·w
  std::int64_t groups = 8;                        ///< maps: of group normalisation
  std::int64_t space_to_depth = 1;                ///< maps: f, the networks work on [f²C,H/f,W/f]
  bool attention = true;                          ///< maps: in the middle of both networks
  std::int64_t infogan_width = 64;                ///< infogan: c, channels next to the image

  std::int64_t encoder_outputs() const { return codes_per_latent * latent_dim; }
  std::int64_t decoder_inputs() const { return latent_dim + condition_dim; }
  /// Channels that a convolutional encoder sees: the condition comes as constant planes.
  std::int64_t encoder_channels() const { return image_shape[0] + condition_dim; }
  /// maps: {c,h,w} of the code.
  std::vector<std::int64_t> latent_shape() const;
};

/// Two networks: images [N,C,H,W] -> codes [N,encoder_outputs()], and codes [N,decoder_inputs()] ->
/// logits [N,C,H,W], where sigmoid(logits) is an image in [0,1].
struct EncoderDecoder {
  Sequential encoder, decoder;
};

/// "mlp" (Kingma & Welling 2014, appendix C): linear layers with an activation between them.
///
/// "conv": Conv C→c₁ 4/2/1 · Conv 4/2/1, GN8 for each further channel count · Conv 3/1/1 · the
/// linear layers; the decoder mirrors it with transposed convolutions 4/2/1. Activation after each
/// but the last layer.
///
/// "resnet": Conv C→c₁ 4/2/1 and so on, each followed by `blocks` residual blocks
/// (PreactivationBlock) · GN8, SiLU · the linear layers; the decoder mirrors it.
///
/// "burgess": the convolutional networks of the disentanglement studies (Higgins et al. 2017, table
/// 1; Burgess et al. 2018; in the form of Locatello et al. 2019, table 1) for 64×64 images, all
/// ReLU: Conv 32 4/2/1 · Conv 32 4/2/1 · Conv 64 2/2/0 · Conv 64 2/2/0 · Linear 256 · codes; Linear
/// 256 · Linear 1024 as 64×4×4 · ConvT 64, 32, 32, C 4/2/1. For 32×32 images the innermost
/// convolution of both is left out, so that 64×4×4 stays. Weights start as there (Glorot uniform).
///
/// "infogan": the network of Lucic et al. 2018 (after Chen et al. 2016), also of the two-stage VAE
/// (Dai & Wipf 2019, whose encoder is spectrally normalised as well), c = 64: Conv c 4/2/1, leaky
/// ReLU 0.2 · Conv 2c 4/2/1, BN, leaky ReLU · Linear 16c, BN, leaky ReLU · codes; Linear 16c, BN,
/// ReLU · Linear as 2c×H/4×W/4, BN, ReLU · ConvT c 4/2/1, BN, ReLU · ConvT C 4/2/1.
///
/// "maps": the convolutional networks of VQGAN (Esser et al. 2021, table 7) and latent diffusion's
/// first stage (Rombach et al. 2022), whose code is a map [c,h,w] of few channels, here as c·h·w
/// numbers: space to depth · Conv 3/1/1 · of each level `blocks` residual blocks
/// (PreactivationBlock), and Conv 3/2/1 before the next · block, self-attention, block · GN, SiLU ·
/// Conv 3/1/1; the decoder mirrors it with one block more in each level and nearest neighbours
/// followed by Conv 3/1/1. Of the published code this leaves out the 1×1 convolutions around the
/// code, which their neighbours take in, and pads both sides evenly where it halves.
///
/// Throws c10::Error with encoder_decoder_misfit()'s sentence.
EncoderDecoder make_encoder_decoder(const EncoderDecoderOptions& options);

/// What does not fit, as the sentence of an error message; empty if all fits. `who` begins it.
std::string encoder_decoder_misfit(const EncoderDecoderOptions& options, const std::string& who);

/// images [N,C,H,W] together with a condition [N,K] as the encoder wants them: appended to the
/// pixels (mlp), or as K constant planes. Without a condition: the images.
torch::Tensor encoder_input(const EncoderDecoderOptions& options, const torch::Tensor& images,
                            const torch::Tensor& condition);

/// The [model] keys of these networks.
Schema encoder_decoder_schema();

/// Whether a definition's code is a map, so that the images say how many numbers it has.
bool codes_are_maps(const Definition& definition);
/// Numbers of a definition's code, where it alone says how many.
std::optional<std::int64_t> code_size(const Definition& definition);

/// Whether a definition's batches of one leave batch normalisation a single value, which has no
/// variance; what to say then.
bool normalises_single_values(const Definition& definition);
inline constexpr std::string_view kSingleValues =
    "train.batch_size = 1 leaves the batch normalisation of model.network = \"infogan\" one value "
    "for each channel, whose variance is 0; set train.batch_size to 2 or more";

/// What a definition's [model] table asks for; codes_per_latent and condition_dim are left alone.
/// Throws Error if the network does not fit the images.
EncoderDecoderOptions encoder_decoder_options(const ModelArgs& args, const std::string& who);

}  // namespace assay
